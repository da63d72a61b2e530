import assert from "node:assert/strict";
import { test } from "node:test";
import { readVerdict } from "../../agent/board/verdict.ts";
import { SatelliteError } from "../../agent/errors.ts";
import { startCpuClock } from "../fakes/cpu-time.ts";
import { GPU_MACHINES, readGpuMachine } from "../fakes/gpu-machine.ts";
import { ROUND_MS, setUpGpuWatch } from "../fakes/gpu-watch.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const HISTORY = "/var/lib/eks-satellite/gpu.json";

for (const name of GPU_MACHINES) {
  test(`${name}: ${readGpuMachine(name).describes}`, async (context) => {
    const { machine, board, watch, rounds, shown } = setUpGpuWatch(context, name);
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

test("a machine without GPUs has three conditions and no line in the log, and nothing is started", async (context) => {
  const { host, lines, rounds } = setUpGpuWatch(context, "no-gpu");
  await rounds(3);
  assert.deepEqual([lines, host.commands, host.spawned], [[], [], []]);
});

test("gpu.mode off observes nothing, whatever is installed", async (context) => {
  const { host, lines, watch, rounds, shown } = setUpGpuWatch(context, "h100-off-the-bus", {
    config: "gpu: { mode: off }",
  });
  await rounds(2);
  assert.deepEqual(shown(), { GpuDriver: "True Off", GpusPresent: "True Off", GpuHealthy: "True Off" });
  assert.deepEqual([lines, host.commands, host.spawned, watch.view()], [[], [], [], undefined]);
});

test("gpu.mode required makes a missing GPU the reason why the node is not ready", async (context) => {
  const { board, rounds, shown } = setUpGpuWatch(context, "no-gpu", { config: "gpu: { mode: required }" });
  await rounds(1);
  assert.equal(shown().GpusPresent, "False GpuMissing");
  assert.equal(board.get("GpusPresent").isCritical, true);
  const { ready, reason, hint } = readVerdict(board);
  assert.deepEqual([ready, reason], [false, "GpuMissing"]);
  assert.match(hint ?? "", /gpu\.mode: auto/);
});

test("a missing driver is critical when GPUs are required, and otherwise a warning of its own", async (context) => {
  const required = setUpGpuWatch(context, "driver-missing", { config: "gpu: { mode: required }" });
  await required.rounds(1);
  assert.equal(required.board.get("GpuDriver").isCritical, true);
  const auto = setUpGpuWatch(context, "driver-missing");
  await auto.rounds(2);
  assert.equal(auto.board.get("GpuDriver").isCritical, false);
  assert.equal(auto.messages("warn").length, 1);
  assert.match(auto.messages("warn")[0] ?? "", /1 GPU, and no driver is loaded → Install NVIDIA's driver/);
});

test("a fault that returns after two reboots is a fault of the hardware: the advice is to replace", async (context) => {
  const line = "<3>[ 10.000001] NVRM: Xid (PCI:0000:06:00): 62, pid=7, name=a";
  const host = new MemoryHost();
  const actions: (string | undefined)[] = [];
  for (const boot of ["one", "one", "two", "three"]) {
    const { watch, stop, rounds } = setUpGpuWatch(context, "a10", { host, changes: { kernelLog: [line] } });
    host.files.put("/proc/sys/kernel/random/boot_id", `${boot}\n`);
    await rounds(1);
    actions.push(watch.view()?.gpus[0]?.faults[0]?.action);
    stop.abort();
  }
  assert.deepEqual(actions, ["reset-the-gpu", "reset-the-gpu", "reset-the-gpu", "replace"]);
  assert.match(host.files.peek(HISTORY)?.content ?? "", /GPU-5c1b0000-0000-4000-8000-000000000001 gpu-xid-62/);
});

test("without a readable or writable history only the history is lost", async (context) => {
  const host = new MemoryHost();
  host.files.put(HISTORY, "{");
  host.files.refuseWrites(HISTORY, "ENOSPC");
  const { rounds, shown } = setUpGpuWatch(context, "ecc-uncorrected", { host });
  await rounds(2);
  assert.equal(shown().GpuHealthy, "False GpuEccUncorrected");
});

test("slow clocks are reported when they last, with what to check", async (context) => {
  const [row] = readGpuMachine("a10").nvidiaSmi.rows;
  const rows = [{ ...row, "clocks_event_reasons.active": "0x0000000000000040" }];
  const { board, rounds, shown } = setUpGpuWatch(context, "a10", { changes: { nvidiaSmi: { rows } } });
  await rounds(2);
  assert.equal(shown().GpuHealthy, "True Healthy");
  await rounds(2);
  assert.equal(shown().GpuHealthy, "False GpuSlowdownThermal");
  assert.match(board.get("GpuHealthy").hint ?? "", /^Action: none on the GPU\. Check fans/);
});

test("one late nvidia-smi changes nothing; the second in a row is reported", async (context) => {
  const { host, rounds, shown } = setUpGpuWatch(context, "ecc-uncorrected");
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

test("before the first answer of nvidia-smi the GPUs do not count as healthy", async (context) => {
  const { host, rounds, shown } = setUpGpuWatch(context, "a10");
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

test("a GPU that the kernel removes from the bus is lost; a GPU of a virtual machine is not", async (context) => {
  const lost = setUpGpuWatch(context, "a10");
  await lost.rounds(1);
  for (const folder of ["/sys/bus/pci/devices", "/proc/driver/nvidia/gpus"])
    lost.host.files.drop(`${folder}/0000:06:00.0`);
  lost.host.install("nvidia-smi", () => ({ exitCode: 6, stdout: "No devices were found\n" }));
  await lost.host.clock.advance(ROUND_MS);
  await lost.rounds(2);
  assert.equal(lost.shown().GpusPresent, "False GpuLost");
  assert.match(lost.board.get("GpusPresent").hint ?? "", /^Action: reboot\./);
  const given = setUpGpuWatch(context, "a10");
  await given.rounds(1);
  given.host.files.putLink("/sys/bus/pci/devices/0000:06:00.0/driver", "../../../bus/pci/drivers/vfio-pci");
  await given.rounds(1);
  assert.equal(given.shown().GpusPresent, "True NoGpu");
});

test("a round on a machine of 256 PCI devices is quick, nvidia-smi aside", async (context) => {
  const { host, rounds } = setUpGpuWatch(context, "a100-sxm-8");
  for (let number = 0; number < 256; number += 1) {
    const folder = `/sys/bus/pci/devices/0001:${number.toString(16).padStart(2, "0")}:00.0`;
    host.files.put(`${folder}/vendor`, "0x8086\n");
    host.files.put(`${folder}/class`, "0x060400\n");
  }
  await rounds(1);
  const cpuMs = startCpuClock();
  await rounds(1);
  assert.ok(cpuMs() < 100, `${cpuMs()} ms`);
});
