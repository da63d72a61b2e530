// What nvidia-ctk, GPU Operator and Docker write is written here from their documentation, not recorded from a machine.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type GpuConfig, gpuSchema } from "../../agent/config/gpu-schema.ts";
import { parseToml } from "../../agent/facts/containerd.ts";
import type { NvidiaToolkit } from "../../agent/facts/nvidia-toolkit.ts";
import { checkEffective, renderContainerdConfig } from "../../agent/plan/containerd-config.ts";
import { describeSetupChange, readNvidiaSetup } from "../../agent/plan/containerd-nvidia.ts";
import { containerdFile, DOCKER_CONTAINERD_CONFIG } from "../fakes/samples.ts";

const V2 = "io.containerd.grpc.v1.cri";
const V3 = "io.containerd.cri.v1.runtime";
const PACKAGED = "/usr/bin/nvidia-container-runtime";
const OPERATORS = "/usr/local/nvidia/toolkit/nvidia-container-runtime";
const TOOLKIT: NvidiaToolkit = { runtime: PACKAGED, ctk: "/usr/bin/nvidia-ctk", missing: [] };

type Tree = { readonly [key: string]: Tree };

interface Case {
  readonly version?: string;
  readonly gpu?: Partial<GpuConfig>;
  readonly toolkit?: NvidiaToolkit | undefined;
  readonly dropIn?: string;
  readonly effective?: string;
}

function setUp(text: string, { version = "1.7.27", gpu = {}, dropIn, effective, ...more }: Case = {}) {
  const facts = {
    version,
    config: containerdFile(text),
    nvidia: "toolkit" in more ? (more.toolkit ?? { missing: [] }) : TOOLKIT,
    ...(dropIn === undefined
      ? {}
      : { imports: [{ path: "/etc/containerd/conf.d/99-nvidia.toml", table: parseToml(dropIn) }] }),
    ...(effective === undefined ? {} : { effective: parseToml(effective) }),
  };
  const options = {
    ...{ systemdCgroup: true, sandboxImage: undefined, config: {} },
    gpu: { ...gpuSchema.parse({}), ...gpu },
    registries: {},
  };
  return { facts, options };
}

function render(text: string, more: Case = {}): Tree {
  const { facts, options } = setUp(text, more);
  return parseToml(renderContainerdConfig(facts, options)) as unknown as Tree;
}

const written = (binary: string, plugin = V2, version = 2, more = "") => `version = ${version}
[plugins."${plugin}".containerd]
${more}
[plugins."${plugin}".containerd.runtimes.nvidia]
runtime_type = "io.containerd.runc.v2"
privileged_without_host_devices = false
[plugins."${plugin}".containerd.runtimes.nvidia.options]
BinaryName = "${binary}"
`;

test("without nvidia-container-runtime nothing of NVIDIA's is written", () => {
  assert.doesNotMatch(JSON.stringify(render(DOCKER_CONTAINERD_CONFIG, { toolkit: undefined }).plugins), /nvidia|cdi/);
  assert.doesNotMatch(JSON.stringify(render(DOCKER_CONTAINERD_CONFIG, { gpu: { mode: "off" } }).plugins), /nvidia|cdi/);
});

test("Docker's configuration gets the runtime, as the default, with kubelet's cgroup driver, and CDI", () => {
  const cri = render(DOCKER_CONTAINERD_CONFIG).plugins?.[V2];
  assert.equal(cri?.containerd?.runtimes?.nvidia?.runtime_type, "io.containerd.runc.v2");
  assert.deepEqual({ ...cri?.containerd?.runtimes?.nvidia?.options }, { SystemdCgroup: true, BinaryName: PACKAGED });
  assert.equal(cri?.containerd?.default_runtime_name, "nvidia");
  assert.equal(cri?.enable_cdi, true);
});

test("CDI is switched on where containerd has it and does not have it on by itself", () => {
  assert.equal(render("version = 2\n", { version: "1.6.20" }).plugins?.[V2]?.enable_cdi, undefined);
  assert.equal(render("version = 3\n", { version: "2.2.0" }).plugins?.[V3]?.enable_cdi, undefined);
  const off = `version = 2\n[plugins."${V2}"]\nenable_cdi = false\n`;
  assert.equal(render(off).plugins?.[V2]?.enable_cdi, false, "the user has chosen");
});

for (const [version, containerd] of [
  [3, "2.2.0"],
  [4, "2.3.0"],
] as const) {
  test(`a configuration of version ${version} gets them in the runtime's plugin`, () => {
    const cri = render(`version = ${version}\n`, { version: containerd }).plugins?.[V3];
    assert.deepEqual({ ...cri?.containerd?.runtimes?.nvidia?.options }, { SystemdCgroup: true, BinaryName: PACKAGED });
    assert.equal(cri?.containerd?.default_runtime_name, "nvidia");
  });
}

test("gpu.defaultRuntime decides; left to itself, what was chosen before stays", () => {
  const chosen = `version = 2\n[plugins."${V2}".containerd]\ndefault_runtime_name = "runc"\n`;
  const nameOf = (text: string, gpu: Partial<GpuConfig>) =>
    render(text, { gpu }).plugins?.[V2]?.containerd?.default_runtime_name;
  assert.equal(nameOf(chosen, {}), "runc");
  assert.equal(nameOf(chosen, { defaultRuntime: "nvidia" }), "nvidia");
  assert.equal(nameOf("version = 2\n", { defaultRuntime: "runc" }), "runc");
});

test("GPU Operator's program and nvidia-ctk's keys stay; the cgroup driver is kubelet's", () => {
  const nvidia = render(written(OPERATORS)).plugins?.[V2]?.containerd?.runtimes?.nvidia;
  assert.equal(nvidia?.options?.BinaryName, OPERATORS);
  assert.equal(nvidia?.options?.SystemdCgroup, true);
  assert.equal(nvidia?.privileged_without_host_devices, false);
});

test("which runtime is the default is GPU Operator's to say where the toolkit is its own, and gpu.defaultRuntime's", () => {
  const nameOf = (gpu: Partial<GpuConfig>, more = "") =>
    render(written(OPERATORS, V2, 2, more), { gpu }).plugins?.[V2]?.containerd?.default_runtime_name;
  assert.equal(nameOf({}), undefined);
  assert.equal(nameOf({}, 'default_runtime_name = "nvidia"'), "nvidia");
  assert.equal(nameOf({ defaultRuntime: "nvidia" }), "nvidia");
  const toolkit = { runtime: OPERATORS, missing: [] };
  assert.equal(render("version = 2\n", { toolkit }).plugins?.[V2]?.containerd?.default_runtime_name, undefined);
});

test("a program that is gone is replaced by the one that is there", () => {
  const toolkit = { runtime: PACKAGED, missing: [OPERATORS] };
  const nvidia = render(written(OPERATORS), { toolkit }).plugins?.[V2]?.containerd?.runtimes?.nvidia;
  assert.equal(nvidia?.options?.BinaryName, PACKAGED);
});

test("a default runtime whose program is gone makes way for runc: no pod would start", () => {
  const toolkit = { missing: [OPERATORS] };
  const left = written(OPERATORS, V2, 2, 'default_runtime_name = "nvidia"');
  assert.equal(render(left, { toolkit }).plugins?.[V2]?.containerd?.default_runtime_name, "runc");
  const other = written(OPERATORS, V2, 2, 'default_runtime_name = "kata"');
  assert.equal(render(other, { toolkit }).plugins?.[V2]?.containerd?.default_runtime_name, "kata");
});

test("what nvidia-ctk wrote into a drop-in is not written again into the main file, and imports stay", () => {
  const main = 'version = 3\nimports = ["/etc/containerd/conf.d/*.toml"]\n';
  const dropIn = written(OPERATORS, V3, 3, 'default_runtime_name = "runc"');
  const rendered = render(main, { version: "2.2.0", dropIn });
  const containerd = rendered.plugins?.[V3]?.containerd;
  assert.equal(containerd?.runtimes?.nvidia?.options?.BinaryName, undefined);
  assert.equal(containerd?.default_runtime_name, "runc", "the drop-in's choice");
  assert.deepEqual(rendered.imports, ["/etc/containerd/conf.d/*.toml"]);
});

test("a drop-in that hides a key of the main file is named with the key and both values", () => {
  const main = 'version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n';
  const dropIn = written(PACKAGED);
  const { facts, options } = setUp(main, {
    dropIn,
    effective: written(PACKAGED, V2, 2, 'default_runtime_name = "runc"'),
  });
  assert.throws(() => checkEffective(facts, options), {
    code: "containerd-config-shadowed",
    message:
      /99-nvidia\.toml\) hides .*"io\.containerd\.grpc\.v1\.cri"\.containerd\.runtimes\.nvidia\.options\.SystemdCgroup is absent, not true/,
  });
});

test("up to 1.7 a drop-in with CRI's table is reported before the main file is written: without runc no CRI would load", () => {
  const main = 'version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n';
  const check = (dropIn: string, version: string) => {
    const { facts, options } = setUp(main, { version, dropIn });
    checkEffective(facts, options);
  };
  assert.throws(() => check(written(PACKAGED), "1.7.27"), {
    code: "containerd-config-shadowed",
    message: /containerd\.runtimes\.runc\.runtime_type is absent, not io\.containerd\.runc\.v2/,
    hint: /or remove it/,
  });
  check(written(PACKAGED), "2.2.0");
  check("version = 2\noom_score = 1\n", "1.7.27");
  const { facts, options } = setUp(main, {});
  check(renderContainerdConfig(facts, options), "1.7.27");
});

test("an effective configuration that says what the main file does is none to complain of", () => {
  const main = 'version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n';
  const { facts, options } = setUp(main, { dropIn: "version = 2\noom_score = 1\n" });
  const whole = renderContainerdConfig(facts, options);
  checkEffective({ ...facts, config: containerdFile(whole), effective: parseToml(whole) }, options);
  const chosen = { plugins: { [V2]: { containerd: { default_runtime_name: "kata" } } } };
  const kata = whole.replace('default_runtime_name = "nvidia"', 'default_runtime_name = "kata"');
  checkEffective(
    { ...facts, config: containerdFile(kata), effective: parseToml(kata) },
    { ...options, config: chosen },
  );
});

for (const text of [DOCKER_CONTAINERD_CONFIG, written(OPERATORS), written(OPERATORS, V3, 3)]) {
  test(`what was written is not written again: ${text.slice(0, 30).split("\n")[0]}`, () => {
    const { facts, options } = setUp(text);
    const once = renderContainerdConfig(facts, options);
    assert.equal(renderContainerdConfig({ ...facts, config: containerdFile(once) }, options), once);
  });
}

test("what a drop-in says and containerd does not hear is said again in the main file", () => {
  const main = 'version = 3\nimports = ["/etc/containerd/conf.d/*.toml"]\n';
  const dropIn = written(OPERATORS, V2, 2);
  const deaf = 'version = 3\n[plugins."io.containerd.cri.v1.runtime".containerd]\ndefault_runtime_name = "runc"\n';
  const nvidia = render(main, { version: "2.2.0", dropIn, effective: deaf }).plugins?.[V3]?.containerd?.runtimes
    ?.nvidia;
  assert.equal(nvidia?.options?.BinaryName, OPERATORS);
});

test("a setup that differs is described by its keys, with both values", () => {
  const before = readNvidiaSetup({});
  assert.deepEqual(before, { defaultRuntime: "runc" });
  assert.equal(describeSetupChange(before, before), undefined);
  assert.equal(
    describeSetupChange(before, readNvidiaSetup({ enable_cdi: false, containerd: { default_runtime_name: "kata" } })),
    "default_runtime_name was runc and is kata, enable_cdi was left to containerd and is false",
  );
});
