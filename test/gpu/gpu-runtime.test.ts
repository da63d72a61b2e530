import assert from "node:assert/strict";
import { test } from "node:test";
import { type ContainerdFacts, parseToml } from "../../agent/facts/containerd.ts";
import type { GpuFacts } from "../../agent/facts/gpu.ts";
import { GpuRuntime } from "../../agent/gpu/gpu-runtime.ts";
import { createBoard } from "../fakes/board.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { containerdFile, sampleConfig } from "../fakes/samples.ts";

const GPUS: GpuFacts = {
  busIds: ["0000:06:00.0"],
  nvSwitches: 0,
  driverVersion: "550.54.15",
  driven: [],
  deviceNodes: 1,
};
const BINARY = "/usr/bin/nvidia-container-runtime";
const CONFIGURED = `version = 2
[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "nvidia"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia.options]
BinaryName = "${BINARY}"
`;

function setUp(containerd?: Partial<ContainerdFacts> & { readonly text?: string }) {
  const host = new MemoryHost();
  const { log, messages } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const { text = "version = 2\n", ...more } = containerd ?? {};
  let facts: ContainerdFacts = { version: "1.7.27", config: containerdFile(text), ...more };
  const news: string[] = [];
  const runtime = new GpuRuntime({
    ...{ host, log, board, config: sampleConfig() },
    containerd: () => (containerd === undefined ? undefined : facts),
    emit: ({ message }) => void news.push(message),
  });
  const become = (changes: Partial<ContainerdFacts>) => {
    facts = { ...facts, ...changes };
  };
  const look = async (gpus: GpuFacts | undefined) => {
    await runtime.round(gpus);
    return board.get("GpuRuntimeConfigured");
  };
  return { host, look, messages, news, become, view: () => runtime.view() };
}

test("without GPUs nothing is read and nothing is shown", async () => {
  const { host, look, messages } = setUp({});
  const { status, reason } = await look({ ...GPUS, busIds: [] });
  assert.deepEqual([status, reason], ["True", "NoGpu"]);
  assert.equal((await look(undefined)).reason, "Off");
  assert.deepEqual([host.commands, messages("info"), messages("warn")], [[], [], []]);
});

test("GPUs without NVIDIA's toolkit are reported, with what to install", async () => {
  const { look } = setUp({ nvidia: { missing: [] } });
  const { status, reason, hint } = await look(GPUS);
  assert.deepEqual([status, reason], ["False", "NvidiaRuntimeMissing"]);
  assert.match(hint ?? "", /apt-get install nvidia-container-toolkit/);
});

test("a runtime whose program is gone is named", async () => {
  const { look } = setUp({ text: CONFIGURED, nvidia: { missing: [BINARY] } });
  assert.match(
    (await look(GPUS)).message,
    /\/usr\/bin\/nvidia-container-runtime, which containerd is configured for, is gone/,
  );
});

test("until containerd is configured the state is unknown", async () => {
  assert.equal((await setUp().look(GPUS)).reason, "NotRead");
  const { status, reason } = await setUp({ nvidia: { runtime: BINARY, missing: [] } }).look(GPUS);
  assert.deepEqual([status, reason], ["Unknown", "NotConfiguredYet"]);
});

test("when configured, the condition names the program, the pods, and who keeps the CDI specification", async () => {
  const nvidia = { runtime: BINARY, ctk: "/usr/bin/nvidia-ctk", missing: [] };
  const { host, look } = setUp({ text: CONFIGURED, nvidia });
  host.install("/usr/bin/nvidia-ctk", (args) => {
    if (args[0] === "cdi") host.files.put(args.at(-1)?.slice("--output=".length) ?? "", "kind: x\n");
    return {};
  });
  const { status, message } = await look(GPUS);
  assert.equal(status, "True");
  assert.equal(message, `containerd runs pods with ${BINARY}; CDI specification kept by eks-satellite`);
  const bare = setUp({ text: CONFIGURED.replace('default_runtime_name = "nvidia"', ""), nvidia: { missing: [] } });
  assert.match((await bare.look(GPUS)).message, /runs pods of runtime class nvidia with .*; no CDI specification$/);
});

test("a specification that cannot be generated is reported", async () => {
  const { host, look } = setUp({ text: CONFIGURED, nvidia: { ctk: "/usr/bin/nvidia-ctk", missing: [] } });
  host.install("/usr/bin/nvidia-ctk", () => ({ exitCode: 1, stderr: "no such device" }));
  const { status, reason, message } = await look(GPUS);
  assert.deepEqual([status, reason], ["False", "CdiSpecFailed"]);
  assert.match(message, /no such device/);
});

test("where GPU Operator installed the toolkit, it keeps the CDI specification", async () => {
  const operators = "/usr/local/nvidia/toolkit/nvidia-container-runtime";
  const { host, look, view } = setUp({
    ...{ text: CONFIGURED.replace(BINARY, operators), nvidia: { runtime: operators, missing: [] } },
  });
  assert.match((await look(GPUS)).message, /CDI specification kept by GPU Operator$/);
  assert.deepEqual(view(), { binary: operators, defaultRuntime: "nvidia", cdiOwner: "GPU Operator" });
  assert.deepEqual(host.commands, []);
});

test("another program's change of containerd's setup is reported once, with both values", async () => {
  const { look, become, news, messages } = setUp({ text: CONFIGURED, nvidia: { missing: [] } });
  await look(GPUS);
  assert.deepEqual(news, [], "the first look is no news");
  const text = CONFIGURED.replace(BINARY, "/usr/local/nvidia/toolkit/nvidia-container-runtime");
  become({ config: containerdFile(text.replace('_name = "nvidia"', '_name = "runc"')) });
  for (let round = 0; round < 3; round += 1) await look(GPUS);
  assert.deepEqual(news, [
    `BinaryName of runtime nvidia was ${BINARY} and is /usr/local/nvidia/toolkit/nvidia-container-runtime, default_runtime_name was nvidia and is runc`,
  ]);
  assert.equal(messages("info").filter((message) => message.startsWith("containerd's setup for GPUs")).length, 1);
});

test("the merged configuration of containerd counts, not the main file", async () => {
  const { look } = setUp({
    ...{ text: CONFIGURED, nvidia: { runtime: BINARY, missing: [] } },
    effective: parseToml('version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nenable_cdi = true\n'),
  });
  assert.equal((await look(GPUS)).reason, "NotConfiguredYet");
});

test("an nvidia-ctk that hangs does not delay the round, is not started twice, and is reported", async () => {
  const nvidia = { runtime: BINARY, ctk: "/usr/bin/nvidia-ctk", missing: [] };
  const { host, look } = setUp({ text: CONFIGURED, nvidia });
  const hanging = Promise.withResolvers<{ exitCode: number }>();
  host.install("/usr/bin/nvidia-ctk", () => hanging.promise);
  for (let round = 0; round < 2; round += 1) {
    const looking = look(GPUS);
    await host.clock.advance(3000);
    assert.equal((await looking).reason, "CdiSpecPending");
  }
  assert.equal(host.commands.filter((line) => line.startsWith("/usr/bin/nvidia-ctk")).length, 1);
  hanging.resolve({ exitCode: 1 });
  await settle();
  assert.equal((await look(GPUS)).reason, "CdiSpecFailed");
});

test("an nvidia-ctk that cannot be killed makes the condition false, with a remedy, until it ends", async () => {
  const nvidia = { runtime: BINARY, ctk: "/usr/bin/nvidia-ctk", missing: [] };
  const { host, look } = setUp({ text: CONFIGURED, nvidia });
  const hanging = Promise.withResolvers<{ exitCode: number }>();
  host.install("/usr/bin/nvidia-ctk", ([verb]) => (verb === "cdi" ? hanging.promise : {}));
  host.unkillable.add("/usr/bin/nvidia-ctk");
  const first = look(GPUS);
  await host.clock.advance(70_000);
  await first;
  const { status, reason, hint } = await look(GPUS);
  assert.deepEqual([status, reason], ["False", "NvidiaCtkStuck"]);
  assert.match(hint ?? "", /systemctl reboot/);
  assert.equal(host.commands.filter((line) => line.startsWith("/usr/bin/nvidia-ctk cdi")).length, 1);
  host.install("/usr/bin/nvidia-ctk", (args) => {
    if (args[0] === "cdi") host.files.put(args.at(-1)?.slice("--output=".length) ?? "", "kind: x\n");
    return {};
  });
  hanging.resolve({ exitCode: 137 });
  await settle();
  await host.clock.advance(600_000);
  assert.equal((await look(GPUS)).status, "True");
});
