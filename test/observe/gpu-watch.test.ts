import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ConditionBoard } from "../../agent/conditions.ts";
import { SatelliteError } from "../../agent/errors.ts";
import { criticalGpuConditions, GPU_CONDITIONS } from "../../agent/observe/gpu-report.ts";
import { GpuWatch } from "../../agent/observe/gpu-watch.ts";
import { readVerdict } from "../../agent/observe/verdict.ts";
import { becomeGpuMachine, GPU_MACHINES, type GpuMachine, readGpuMachine } from "../fakes/gpu-machine.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleConfig } from "../fakes/samples.ts";

const HISTORY = "/var/lib/eks-satellite/gpu.json";
const ROUND_MS = 30_000;

interface Options {
  readonly config?: string;
  readonly host?: MemoryHost;
  readonly changes?: Partial<GpuMachine>;
}

/** A machine of the fixtures, watched; its kernel log is what `say` writes, and what it begins with. */
function setUp(
  context: TestContext,
  name: string,
  { config: more = "", host = new MemoryHost(), changes }: Options = {},
) {
  const machine = { ...readGpuMachine(name), ...changes };
  becomeGpuMachine(host, machine);
  const config = sampleConfig(more);
  const { log, lines, messages } = createMemoryLog();
  const board = new ConditionBoard({
    ...{ log, now: host.clock.now, sleep: host.clock.sleep },
    critical: criticalGpuConditions(config),
  });
  const stop = new AbortController();
  context.after(() => stop.abort());
  const watch = new GpuWatch({ host, config, board, log, signal: stop.signal });
  const write = (process: (typeof host.spawned)[number]["process"] | undefined, line: string) =>
    process?.stdout.write(`${line}\n`);
  host.onSpawn = ({ process }) => {
    for (const line of machine.kernelLog ?? []) write(process, line);
  };
  /** Rounds half a minute apart, each to its end, be it a time-out. */
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round += 1) {
      if (round > 0) await host.clock.advance(ROUND_MS);
      const running = watch.round();
      await settle();
      if (machine.nvidiaSmi.stuck === true) await host.clock.advance(22_000);
      await running;
      await settle();
    }
  };
  const say = async (line: string) => {
    write(host.spawned.at(-1)?.process, line);
    await settle();
  };
  const shown = () =>
    Object.fromEntries(GPU_CONDITIONS.map((type) => [type, `${board.get(type).status} ${board.get(type).reason}`]));
  return { host, machine, board, watch, stop, lines, messages, rounds, say, shown };
}

for (const name of GPU_MACHINES) {
  test(`${name}: ${readGpuMachine(name).describes}`, async (context) => {
    const { machine, board, watch, rounds, shown } = setUp(context, name);
    await rounds(3);
    assert.deepEqual(shown(), machine.expected.conditions);
    const faults = watch.view()?.gpus.flatMap((gpu) => gpu.faults) ?? [];
    const hint = board.get("GpusPresent").hint ?? board.get("GpuHealthy").hint;
    const { action } = machine.expected;
    if (hint !== undefined) assert.match(hint, new RegExp(`^Action: ${action.replaceAll("-", " ")}\\b`, "i"));
    else assert.deepEqual([faults, action], [[], "none"]);
    const answering = watch.view()?.gpus.filter(({ reading }) => reading !== undefined) ?? [];
    assert.equal(answering.length, machine.expected.answering);
  });
}

test("a machine without GPUs is told of in three conditions and in no line of the log, and nothing is started", async (context) => {
  const { host, lines, rounds } = setUp(context, "no-gpu");
  await rounds(3);
  assert.deepEqual([lines, host.commands, host.spawned], [[], [], []]);
});

test("gpu.mode off looks at nothing, whatever there is", async (context) => {
  const { host, lines, watch, rounds, shown } = setUp(context, "h100-off-the-bus", { config: "gpu: { mode: off }" });
  await rounds(2);
  assert.deepEqual(shown(), { GpuDriver: "True Off", GpusPresent: "True Off", GpuHealthy: "True Off" });
  assert.deepEqual([lines, host.commands, host.spawned, watch.view()], [[], [], [], undefined]);
});

test("gpu.mode required makes a missing GPU the reason why the node is not ready", async (context) => {
  const { board, rounds, shown } = setUp(context, "no-gpu", { config: "gpu: { mode: required }" });
  await rounds(1);
  assert.equal(shown().GpusPresent, "False GpuMissing");
  assert.equal(board.get("GpusPresent").isCritical, true);
  const { ready, reason, hint } = readVerdict(board);
  assert.deepEqual([ready, reason], [false, "GpuMissing"]);
  assert.match(hint ?? "", /gpu\.mode: auto/);
});

test("the driver that is missing is critical when GPUs are required, and a warning of its own when not", async (context) => {
  const required = setUp(context, "driver-missing", { config: "gpu: { mode: required }" });
  await required.rounds(1);
  assert.equal(required.board.get("GpuDriver").isCritical, true);
  const auto = setUp(context, "driver-missing");
  await auto.rounds(2);
  assert.equal(auto.board.get("GpuDriver").isCritical, false);
  assert.equal(auto.messages("warn").length, 1);
  assert.match(auto.messages("warn")[0] ?? "", /1 GPU, and no driver is loaded → Install NVIDIA's driver/);
});

test("an Xid that the kernel logs turns GpuHealthy at once, without nvidia-smi, and is told once", async (context) => {
  const { host, board, messages, rounds, say, shown } = setUp(context, "a10");
  await rounds(1);
  const before = host.commands.length;
  await say("<3>[ 8120.771024] NVRM: Xid (PCI:0000:06:00): 119, pid=1, name=python3, Timeout after 45s of waiting");
  assert.equal(shown().GpuHealthy, "False GpuXid119");
  assert.match(
    board.get("GpuHealthy").hint ?? "",
    /^Action: reset the GPU\. .*nvidia-smi --gpu-reset -i 0000:06:00\.0/,
  );
  assert.equal(host.commands.length, before);
  await say("<3>[ 8125.771024] NVRM: Xid (PCI:0000:06:00): 119, pid=1, name=python3, Timeout after 45s of waiting");
  assert.equal(messages("warn").length, 1);
});

test("a GPU that repeats one fault thousands of times is told once, and every time is counted", async (context) => {
  const { host, watch, messages, rounds } = setUp(context, "a10");
  await rounds(1);
  const lines = Array.from(
    { length: 20_000 },
    (_, index) => `<3>[ ${100 + index}.000001] NVRM: Xid (PCI:0000:06:00): 74, ${index}\n`,
  );
  const startedMs = performance.now();
  host.spawned[0]?.process.stdout.write(lines.join(""));
  await settle();
  assert.ok(performance.now() - startedMs < 1000);
  assert.deepEqual(
    watch.view()?.gpus[0]?.xids.map(({ count }) => count),
    [20_000],
  );
  assert.equal(messages("warn").length, 1);
});

test("an application's Xid is one line at info in ten minutes, a count, and no alarm", async (context) => {
  const { host, watch, messages, rounds, say, shown } = setUp(context, "a10");
  await rounds(1);
  const settled = messages("info").length;
  for (const second of [1, 2, 3])
    await say(`<3>[ 812${second}.771024] NVRM: Xid (PCI:0000:06:00): 31, pid=7, name=python3, Ch 00000008, MMU Fault`);
  assert.equal(shown().GpuHealthy, "True Healthy");
  assert.deepEqual(
    watch.view()?.gpus[0]?.xids.map(({ xid, count }) => [xid, count]),
    [[31, 3]],
  );
  assert.equal(messages("info").length, settled + 1);
  assert.match(messages("info").at(-1) ?? "", /an application's fault, not the GPU's: Xid 31: pid=7/);
  host.clock.jump(600_000);
  await say("<3>[ 9000.771024] NVRM: Xid (PCI:0000:06:00): 31, pid=7, name=python3, Ch 00000008, MMU Fault");
  assert.equal(messages("info").length, settled + 2);
  assert.deepEqual(messages("warn"), []);
});

test("an application's Xid of before the daemon's start is counted, and told by no second run", async (context) => {
  const host = new MemoryHost();
  host.files.put("/proc/uptime", "5000.12 9000.00\n");
  const line = "<3>[ 4999.000001] NVRM: Xid (PCI:0000:06:00): 31, pid=7, name=python3";
  const { watch, messages, rounds, say } = setUp(context, "a10", { host, changes: { kernelLog: [line] } });
  await rounds(1);
  const told = () => messages("info").filter((message) => message.includes("Xid")).length;
  assert.deepEqual([watch.view()?.gpus[0]?.xids[0]?.count, told()], [1, 0]);
  await say("<3>[ 5001.000001] NVRM: Xid (PCI:0000:06:00): 31, pid=7, name=python3");
  assert.deepEqual([watch.view()?.gpus[0]?.xids[0]?.count, told()], [2, 1]);
});

test("a reset that the driver tells of, and a driver that is loaded anew, end an Xid's fault", async (context) => {
  const { rounds, say, shown } = setUp(context, "a10");
  await rounds(1);
  await say(
    "<3>[ 100.000001] NVRM: Xid (PCI:0000:06:00): 154, GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)",
  );
  assert.equal(shown().GpuHealthy, "False GpuXid154");
  await say(
    "<3>[ 200.000001] NVRM: Xid (PCI:0000:06:00): 154, GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)",
  );
  assert.equal(shown().GpuHealthy, "True Healthy");
  await say("<3>[ 300.000001] NVRM: Xid (PCI:0000:06:00): 62, pid=1, name=a");
  assert.equal(shown().GpuHealthy, "False GpuXid62");
  await say("<6>[ 400.000001] NVRM: loading NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024");
  assert.equal(shown().GpuHealthy, "True Healthy");
});

test("a dmesg that ends is started again, and the lines that it repeats count once", async (context) => {
  const line = "<3>[ 10.000001] NVRM: Xid (PCI:0000:06:00): 31, pid=7";
  const { host, watch, rounds } = setUp(context, "a10", { changes: { kernelLog: [line] } });
  await rounds(1);
  host.spawned[0]?.process.exit(1);
  await host.clock.advance(5000);
  assert.equal(host.spawned.length, 2);
  await settle();
  assert.deepEqual(
    watch.view()?.gpus[0]?.xids.map(({ count }) => count),
    [1],
  );
});

test("dmesg ends with the daemon", async (context) => {
  const { host, stop, rounds } = setUp(context, "a10");
  await rounds(1);
  assert.deepEqual([host.spawned[0]?.command, host.spawned[0]?.args], ["dmesg", ["--follow", "--raw"]]);
  stop.abort();
  await settle();
  assert.deepEqual(host.spawned[0]?.process.signals, ["SIGKILL"]);
});

test("a fault that comes back after two reboots is the hardware's: the advice is to replace", async (context) => {
  const line = "<3>[ 10.000001] NVRM: Xid (PCI:0000:06:00): 62, pid=7, name=a";
  const host = new MemoryHost();
  const actions: (string | undefined)[] = [];
  for (const boot of ["one", "one", "two", "three"]) {
    const { watch, stop, rounds } = setUp(context, "a10", { host, changes: { kernelLog: [line] } });
    host.files.put("/proc/sys/kernel/random/boot_id", `${boot}\n`);
    await rounds(1);
    actions.push(watch.view()?.gpus[0]?.faults[0]?.action);
    stop.abort();
  }
  assert.deepEqual(actions, ["reset-the-gpu", "reset-the-gpu", "reset-the-gpu", "replace"]);
  assert.match(host.files.peek(HISTORY)?.content ?? "", /GPU-5c1b0000-0000-4000-8000-000000000001 gpu-xid-62/);
});

test("a history that cannot be read or written costs the history alone", async (context) => {
  const host = new MemoryHost();
  host.files.put(HISTORY, "{");
  host.files.refuseWrites(HISTORY, "ENOSPC");
  const { rounds, shown } = setUp(context, "ecc-uncorrected", { host });
  await rounds(2);
  assert.equal(shown().GpuHealthy, "False GpuEccUncorrected");
});

test("slow clocks are told when they have lasted, with where to look", async (context) => {
  const [row] = readGpuMachine("a10").nvidiaSmi.rows;
  const rows = [{ ...row, "clocks_event_reasons.active": "0x0000000000000040" }];
  const { board, rounds, shown } = setUp(context, "a10", { changes: { nvidiaSmi: { rows } } });
  await rounds(2);
  assert.equal(shown().GpuHealthy, "True Healthy");
  await rounds(2);
  assert.equal(shown().GpuHealthy, "False GpuSlowdownThermal");
  assert.match(board.get("GpuHealthy").hint ?? "", /^Action: none on the GPU\. Check fans/);
});

test("one nvidia-smi that is late changes nothing; the second in a row is told", async (context) => {
  const { host, rounds, shown } = setUp(context, "ecc-uncorrected");
  await rounds(1);
  host.install("nvidia-smi", () => {
    throw new SatelliteError("command-timeout", "nvidia-smi did not end in 20 s");
  });
  await host.clock.advance(ROUND_MS);
  await rounds(1);
  assert.equal(shown().GpuHealthy, "False GpuEccUncorrected");
  await host.clock.advance(ROUND_MS);
  await rounds(1);
  assert.equal(shown().GpuHealthy, "False NvidiaSmiTimeout");
});

test("while nvidia-smi has never answered nobody says that the GPUs are well", async (context) => {
  const { host, rounds, shown } = setUp(context, "a10");
  host.install("nvidia-smi", () => {
    throw new SatelliteError("command-timeout", "nvidia-smi did not end in 20 s");
  });
  await rounds(1);
  assert.deepEqual(shown(), {
    GpuDriver: "True Loaded",
    GpusPresent: "Unknown NvidiaSmiTimeout",
    GpuHealthy: "Unknown NvidiaSmiTimeout",
  });
  await rounds(2);
  assert.equal(shown().GpuHealthy, "False NvidiaSmiTimeout");
});

test("a GPU that the kernel takes off the bus is lost; one that a VM was given is not", async (context) => {
  const lost = setUp(context, "a10");
  await lost.rounds(1);
  for (const folder of ["/sys/bus/pci/devices", "/proc/driver/nvidia/gpus"])
    lost.host.files.drop(`${folder}/0000:06:00.0`);
  lost.host.install("nvidia-smi", () => ({ exitCode: 6, stdout: "No devices were found\n" }));
  await lost.host.clock.advance(ROUND_MS);
  await lost.rounds(2);
  assert.equal(lost.shown().GpusPresent, "False GpuLost");
  assert.match(lost.board.get("GpusPresent").hint ?? "", /^Action: reboot\./);
  const given = setUp(context, "a10");
  await given.rounds(1);
  given.host.files.putLink("/sys/bus/pci/devices/0000:06:00.0/driver", "../../../bus/pci/drivers/vfio-pci");
  await given.rounds(1);
  assert.equal(given.shown().GpusPresent, "True NoGpu");
});

test("a round on a machine of 256 PCI devices is quick, nvidia-smi aside", async (context) => {
  const { host, rounds } = setUp(context, "a100-sxm-8");
  for (let number = 0; number < 256; number += 1) {
    const folder = `/sys/bus/pci/devices/0001:${number.toString(16).padStart(2, "0")}:00.0`;
    host.files.put(`${folder}/vendor`, "0x8086\n");
    host.files.put(`${folder}/class`, "0x060400\n");
  }
  await rounds(1);
  const startedMs = performance.now();
  await rounds(1);
  assert.ok(performance.now() - startedMs < 100, "generous: the machine of a test is busy");
});
