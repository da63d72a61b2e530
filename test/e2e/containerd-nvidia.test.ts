// What real containerds make of the configuration that is rendered for machines with NVIDIA's toolkit, whoever was there before.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gpuSchema } from "../../agent/config/gpu-schema.ts";
import { type ContainerdOptions, checkEffective, renderContainerdConfig } from "../../agent/plan/containerd-config.ts";
import { OPERATORS_RUNTIME, PACKAGED_RUNTIME } from "../fakes/containerd-starts.ts";
import { RealContainerd } from "./real-containerd.ts";
import { CONTAINERDS } from "./real-containerds.ts";

const OPTIONS: ContainerdOptions = {
  ...{ systemdCgroup: true, sandboxImage: undefined, config: {} },
  gpu: gpuSchema.parse({}),
  registries: {},
};
const MACHINES = [
  { version: "1.6.20", starts: ["docker", "nvidia-ctk-v2", "gpu-operator-v2"] },
  { version: "1.7.24", starts: ["docker", "nvidia-ctk-v2", "gpu-operator-v2"] },
  {
    version: "2.2.0",
    starts: ["docker", "nvidia-ctk-v2", "nvidia-ctk-v3", "nvidia-ctk-1.18-v3", "gpu-operator-v3"],
  },
] as const;

for (const { version, starts } of MACHINES) {
  describe(`containerd ${version}`, () => {
    let containerd: RealContainerd;
    before(async () => {
      containerd = await RealContainerd.create(await CONTAINERDS[version]());
    });
    after(() => containerd.remove());

    /** Rounds of the daemon until nothing is to be done; the second already has nothing. */
    async function converge(name: string) {
      const runtime = name.startsWith("gpu-operator") ? OPERATORS_RUNTIME : PACKAGED_RUNTIME;
      await containerd.begin(name);
      const text = renderContainerdConfig(await containerd.facts(version, runtime), OPTIONS);
      await containerd.write(text);
      const facts = await containerd.facts(version, runtime);
      assert.equal(renderContainerdConfig(facts, OPTIONS), text, "the second round has nothing to do");
      return { facts, binary: containerd.inside(runtime) };
    }

    for (const name of starts) {
      test(`takes what becomes of ${name}, and CRI has runtime nvidia with kubelet's cgroup driver`, async () => {
        const { facts, binary } = await converge(name);
        checkEffective(facts, OPTIONS);
        const { config, handlers } = await containerd.askStatus();
        const { runtimes, defaultRuntimeName } = config.containerd;
        const { BinaryName, SystemdCgroup } = runtimes.nvidia?.options ?? {};
        assert.deepEqual({ BinaryName, SystemdCgroup }, { BinaryName: binary, SystemdCgroup: true });
        assert.equal(runtimes.runc?.options?.SystemdCgroup, true);
        assert.equal(defaultRuntimeName, name === "gpu-operator-v3" ? "runc" : "nvidia");
        if (version !== "1.6.20") assert.equal(config.enableCDI, true, "2.2 has it by itself");
        if (version === "2.2.0") {
          assert.ok(handlers.includes("nvidia"), `handlers ${handlers}`);
        }
        if (name.startsWith("gpu-operator")) assert.equal(runtimes["nvidia-cdi"]?.options?.SystemdCgroup, true);
      });
    }

    if (version !== "2.2.0") {
      test("loads no CRI when a drop-in with runtime nvidia alone replaces its table, which is told beforehand", async () => {
        await containerd.begin("nvidia-ctk-1.18-v2");
        const before = await containerd.facts(version, PACKAGED_RUNTIME);
        const shadowed = {
          code: "containerd-config-shadowed",
          message:
            /runtimes\.runc\.options\.SystemdCgroup is absent, not true.*runtimes\.nvidia\.options\.SystemdCgroup is absent, not true/,
          hint: /or remove it/,
        };
        assert.throws(() => checkEffective(before, OPTIONS), shadowed);
        await containerd.write(renderContainerdConfig(before, OPTIONS));
        const facts = await containerd.facts(version, PACKAGED_RUNTIME);
        assert.throws(() => checkEffective(facts, OPTIONS), shadowed, "and when it is written");
        await assert.rejects(
          containerd.askStatus(),
          /no corresponding runtime configured.*default_runtime_name = \\"runc/,
        );
      });

      test("has all that it needs once that drop-in is removed, as the hint says", async () => {
        await containerd.begin("nvidia-ctk-1.18-v2");
        await containerd.write(renderContainerdConfig(await containerd.facts(version, PACKAGED_RUNTIME), OPTIONS));
        await containerd.removeDropIn();
        await containerd.write(renderContainerdConfig(await containerd.facts(version, PACKAGED_RUNTIME), OPTIONS));
        const { runtimes } = (await containerd.askStatus()).config.containerd;
        assert.equal(runtimes.nvidia?.options?.BinaryName, containerd.inside(PACKAGED_RUNTIME));
        assert.equal(runtimes.runc?.options?.SystemdCgroup, true);
      });
    } else {
      test("does not read a drop-in of another version than the main file, which says it again in the second round", async () => {
        await containerd.begin("nvidia-ctk-1.18-v2");
        await containerd.write((await containerd.read()).replace("version = 2", "version = 3"));
        for (let round = 0; round < 2; round += 1)
          await containerd.write(renderContainerdConfig(await containerd.facts(version, PACKAGED_RUNTIME), OPTIONS));
        const facts = await containerd.facts(version, PACKAGED_RUNTIME);
        assert.equal(renderContainerdConfig(facts, OPTIONS), await containerd.read(), "the third has nothing to do");
        checkEffective(facts, OPTIONS);
        const { runtimes } = (await containerd.askStatus()).config.containerd;
        assert.equal(runtimes.nvidia?.options?.BinaryName, containerd.inside(PACKAGED_RUNTIME));
      });
    }
  });
}
