// What real containerds make of the merge, for every form of configuration that is met in the wild, and for generated ones: CRI loads
// whenever it loaded before, each runtime of runc's has kubelet's cgroup driver, and what the user chose is in force.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { gpuSchema } from "../../agent/config/gpu-schema.ts";
import { type ContainerdOptions, checkEffective, renderContainerdConfig } from "../../agent/plan/containerd-config.ts";
import { CONTAINERD_FORMS, type ContainerdForm, containerdConfig } from "../fakes/containerd-forms.ts";
import { type CriInfo, RealContainerd } from "./real-containerd.ts";
import { CONTAINERDS } from "./real-containerds.ts";

const OPTIONS: ContainerdOptions = {
  ...{ systemdCgroup: true, sandboxImage: undefined, config: {} },
  gpu: gpuSchema.parse({ mode: "off" }),
  registries: {},
};
/** Since 2.2 config_path has a default, beside which containerd refuses the older way: no CRI before the merge either. */
const NEVER_LOADED: readonly (readonly [string, string])[] = [["2.2.0", "old-mirrors"]];
/** How many generated configurations each containerd starts on, at a third of a second each. */
const GENERATED = 12;

/** What is in force beside the cgroup driver, by form; `1` for containerd 1 alone. */
const IN_FORCE: Partial<Record<ContainerdForm, (config: CriInfo, isFirst: boolean) => void>> = {
  debian: ({ cni }) => assert.deepEqual(cni.binDirs ?? [cni.binDir], ["/opt/cni/bin"]),
  "nvidia-default-runtime": ({ containerd }, isFirst) => {
    if (isFirst)
      assert.equal(programOf(containerd, containerd.defaultRuntimeName), "/usr/bin/nvidia-container-runtime");
  },
  "own-default-runtime": ({ containerd }, isFirst) => {
    if (isFirst) assert.equal(programOf(containerd, containerd.defaultRuntimeName), "/usr/bin/other-runtime");
  },
  untrusted: ({ containerd }, isFirst) => assert.equal("untrusted" in containerd.runtimes, isFirst),
  "linux-engine": ({ containerd }) =>
    assert.equal(programOf(containerd, "nvidia"), "/usr/bin/nvidia-container-runtime"),
  "linux-root": ({ containerd }) => assert.equal(containerd.runtimes.runc?.options?.Root, "/run/other-runc"),
};

for (const [version, binFolder] of Object.entries(CONTAINERDS)) {
  const isFirst = version.startsWith("1.");
  describe(`containerd ${version}`, () => {
    let containerd: RealContainerd;
    before(async () => {
      containerd = await RealContainerd.create(await binFolder());
    });
    after(() => containerd.remove());

    /** One round of the daemon on this text; the second has nothing to do. */
    async function merge(text: string): Promise<string> {
      await containerd.clear();
      await containerd.write(text);
      const merged = renderContainerdConfig(await containerd.facts(version, "/none"), OPTIONS);
      await containerd.write(merged);
      const facts = await containerd.facts(version, "/none");
      assert.equal(renderContainerdConfig(facts, OPTIONS), merged, "the second round has nothing to do");
      checkEffective(facts, OPTIONS);
      return merged;
    }

    async function askBefore(text: string): Promise<CriInfo | undefined> {
      await containerd.clear();
      await containerd.write(text);
      return containerd.askStatus().then(
        ({ config }) => config,
        () => undefined, // It does not load CRI.
      );
    }

    for (const [name, text] of Object.entries(CONTAINERD_FORMS)) {
      test(`loads CRI on what becomes of ${name}, with kubelet's cgroup driver everywhere`, async () => {
        if (NEVER_LOADED.some(([where, form]) => where === version && form === name))
          return assert.equal(await askBefore(text), undefined);
        await merge(text);
        const { config } = await containerd.askStatus();
        assertDriver(config, isFirst);
        IN_FORCE[name as ContainerdForm]?.(config, isFirst);
      });
    }

    test("loads CRI on what an older containerd was given, once it is upgraded", async () => {
      for (const [name, text] of Object.entries(CONTAINERD_FORMS)) {
        if (name === "old-mirrors") continue;
        await containerd.clear();
        await containerd.write(text);
        const older = renderContainerdConfig(await containerd.facts("1.6.20", "/none"), OPTIONS);
        await merge(older);
        assertDriver((await containerd.askStatus()).config, isFirst);
      }
    });

    test("loads CRI on a file that imports itself, which hides nothing", async () => {
      await merge(`version = 2\nimports = ["${containerd.configFile}"]\n`);
      assertDriver((await containerd.askStatus()).config, isFirst);
    });

    test("loads no CRI beside a drop-in that disables it, whatever the main file says, and the plan reports it beforehand", async () => {
      const folder = containerd.inside("/etc/containerd/conf.d");
      await containerd.clear();
      await containerd.write(`version = 2\nimports = ["${folder}/*.toml"]\n`);
      await containerd.writeDropIn("10-first.toml", `version = 2\nimports = ["${folder}/nested/*.toml"]\n`);
      await containerd.writeDropIn("nested/1.toml", 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
      const facts = await containerd.facts(version, "/none");
      assert.throws(() => renderContainerdConfig(facts, OPTIONS), {
        code: "containerd-import-disables-cri",
        message: /conf\.d\/nested\/1\.toml disables CRI/,
      });
      await assert.rejects(containerd.askStatus(3000), /CRI to answer/);
    });

    test("keeps in force what generated configurations say, and loads CRI wherever it did", async () => {
      await fc.assert(
        fc.asyncProperty(containerdConfig, async (text) => {
          // containerd 2.2 reads no CRI tables of version 1: what it says there has never been in force.
          if (!isFirst && !text.startsWith("version")) return;
          const was = await askBefore(text);
          if (was === undefined) return;
          await merge(text);
          const { config } = await containerd.askStatus();
          assertDriver(config, isFirst);
          assertKept(was, config);
        }),
        { numRuns: GENERATED, seed: 7, endOnFailure: true },
      );
    });
  });
}

function programOf({ runtimes }: CriInfo["containerd"], name: string): unknown {
  return runtimes[name]?.options?.BinaryName;
}

/** Every runtime of runc's kind is of today's type and has kubelet's driver, under whatever name. */
function assertDriver({ containerd: { runtimes } }: CriInfo, isFirst: boolean): void {
  assert.ok("runc" in runtimes);
  for (const [name, { runtimeType, options }] of Object.entries(runtimes)) {
    assert.equal(runtimeType, "io.containerd.runc.v2", name);
    const driver = Object.entries(options ?? {}).filter(([key]) => key.toLowerCase() === "systemdcgroup");
    assert.deepEqual(driver, [["SystemdCgroup", true]], `${name}, ${isFirst ? "1" : "2"}`);
  }
}

/** What a user chose of the runtimes and of CRI. */
function assertKept(was: CriInfo, is: CriInfo): void {
  assert.equal(is.sandboxImage, was.sandboxImage === "own/pause:1" ? was.sandboxImage : is.sandboxImage);
  for (const [name, { options }] of Object.entries(was.containerd.runtimes)) {
    const now = is.containerd.runtimes[name];
    assert.ok(now !== undefined, `runtime ${name}`);
    for (const key of ["BinaryName", "Root", "IoUid", "NoNewKeyring"]) {
      const value = options?.[key];
      if (value !== undefined && value !== "") assert.deepEqual(now.options?.[key], value, `${name}.${key}`);
    }
  }
  const [before, after] = [was, is].map(({ containerd }) => containerd.runtimes[containerd.defaultRuntimeName]);
  const program = before?.options?.BinaryName;
  if (program !== undefined && program !== "")
    assert.equal(after?.options?.BinaryName, program, "the default runtime's program");
}
