// What the kernel logs of GPUs: faults that stand, faults that are an application's, and the end of both.
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderGpuStatus } from "../../agent/gpu/gpu-status.ts";
import { startCpuClock } from "../fakes/cpu-time.ts";
import { setUpGpuWatch } from "../fakes/gpu-watch.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

test("an Xid in the kernel's log turns GpuHealthy at once, without nvidia-smi, and is reported once", async (context) => {
  const { host, board, messages, rounds, say, shown } = setUpGpuWatch(context, "a10");
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

test("a GPU that repeats one fault thousands of times is reported once, and every time is counted", async (context) => {
  const { host, watch, messages, rounds } = setUpGpuWatch(context, "a10");
  await rounds(1);
  const lines = Array.from(
    { length: 20_000 },
    (_, index) => `<3>[ ${100 + index}.000001] NVRM: Xid (PCI:0000:06:00): 74, ${index}\n`,
  );
  const cpuMs = startCpuClock();
  host.spawned[0]?.process.stdout.write(lines.join(""));
  await settle();
  assert.ok(cpuMs() < 1000, `${cpuMs()} ms`);
  assert.deepEqual(
    watch.view()?.gpus[0]?.xids.map(({ count }) => count),
    [20_000],
  );
  assert.equal(messages("warn").length, 1);
});

test("an application's Xid is one line at info in ten minutes, a count, and no alarm", async (context) => {
  const { host, watch, messages, rounds, say, shown } = setUpGpuWatch(context, "a10");
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

test("an application's Xid from before the daemon's start is counted, and not logged again", async (context) => {
  const host = new MemoryHost();
  host.files.put("/proc/uptime", "5000.12 9000.00\n");
  const line = "<3>[ 4999.000001] NVRM: Xid (PCI:0000:06:00): 31, pid=7, name=python3";
  const { watch, messages, rounds, say } = setUpGpuWatch(context, "a10", { host, changes: { kernelLog: [line] } });
  await rounds(1);
  const logged = () => messages("info").filter((message) => message.includes("Xid")).length;
  assert.deepEqual([watch.view()?.gpus[0]?.xids[0]?.count, logged()], [1, 0]);
  await say("<3>[ 5001.000001] NVRM: Xid (PCI:0000:06:00): 31, pid=7, name=python3");
  assert.deepEqual([watch.view()?.gpus[0]?.xids[0]?.count, logged()], [2, 1]);
});

test("a reset that the driver reports, and a driver that is loaded again, end the fault of an Xid", async (context) => {
  const { rounds, say, shown } = setUpGpuWatch(context, "a10");
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
  const { host, watch, rounds } = setUpGpuWatch(context, "a10", { changes: { kernelLog: [line] } });
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
  const { host, stop, rounds } = setUpGpuWatch(context, "a10");
  await rounds(1);
  assert.deepEqual([host.spawned[0]?.command, host.spawned[0]?.args], ["dmesg", ["--follow", "--raw"]]);
  stop.abort();
  await settle();
  assert.deepEqual(host.spawned[0]?.process.signals, ["SIGKILL"]);
});

const SWITCH = "nvidia-nvswitch0: SXid (PCI:0000:c1:00.0):";

test("a fatal SXid of an NVSwitch is a fault of the machine, reported at once with the switch's address", async (context) => {
  const { board, watch, rounds, say, shown } = setUpGpuWatch(context, "h100-nvswitch-8");
  await rounds(1);
  await say(`<4>[ 1234.567890] ${SWITCH} 20034, Fatal, Link 30 LTSSM Fault Up`);
  assert.equal(shown().GpuHealthy, "False NvswitchSxid20034");
  assert.match(board.get("GpuHealthy").message, /NVSwitch 0000:c1:00\.0: SXid 20034: Fatal, Link 30/);
  assert.match(board.get("GpuHealthy").hint ?? "", /^Action: reboot\./);
  assert.deepEqual(
    watch.view()?.machineFaults?.map(({ code }) => code),
    ["nvswitch-sxid-20034"],
  );
  assert.deepEqual(
    watch.view()?.gpus.flatMap(({ xids }) => xids),
    [],
  );
  assert.deepEqual(
    watch.view()?.switchEvents?.map(({ xid, count }) => [xid, count]),
    [[20_034, 1]],
  );
});

test("an SXid that is not fatal is logged as what it is, and no alarm", async (context) => {
  const { messages, rounds, say, shown } = setUpGpuWatch(context, "h100-nvswitch-8");
  await rounds(1);
  await say(`<4>[ 1234.567891] ${SWITCH} 12028, Non-fatal, Link 32 egress non-posted PRIV error (First)`);
  assert.equal(shown().GpuHealthy, "True Healthy");
  assert.match(messages("info").at(-1) ?? "", /an event of an NVSwitch that is not fatal: SXid 12028/);
});

test("an event of the hardware that needs nothing is not called an application's fault", async (context) => {
  const { messages, rounds, say, shown } = setUpGpuWatch(context, "a10");
  await rounds(1);
  const words = "pid=4242, name=trainer";
  for (const xid of [63, 92, 121]) {
    await say(`<3>[ 8120.771024] NVRM: Xid (PCI:0000:06:00): ${xid}, ${words}`);
    assert.match(messages("info").at(-1) ?? "", new RegExp(`the GPU needs nothing now: Xid ${xid}: pid=4242`));
  }
  assert.equal(shown().GpuHealthy, "True Healthy");
});

test("a GPU that left the bus before the driver could take it is off the bus, and not a matter of drivers", async (context) => {
  const kernelLog = [
    "<4>[   12.345678] NVRM: The NVIDIA GPU 0000:06:00.0 (PCI ID: 10de:2236)",
    "<4>[   12.345680] NVRM: installed in this system has",
    "<4>[   12.345681] NVRM: fallen off the bus and is not responding to commands.",
  ];
  const { board, rounds, shown } = setUpGpuWatch(context, "driver-missing", { changes: { kernelLog } });
  await rounds(1);
  await rounds(1);
  assert.deepEqual([shown().GpuDriver, shown().GpuHealthy], ["False GpuDriverMissing", "False GpuXid79"]);
  assert.match(board.get("GpuDriver").message, /no driver is loaded: GPU 0000:06:00\.0: Xid 79/);
  assert.match(board.get("GpuDriver").hint ?? "", /^Action: reboot\./);
});

test("a kernel's log that cannot be followed is reported, with what to install", async (context) => {
  const { host, board, rounds, shown } = setUpGpuWatch(context, "a10");
  host.uninstall("dmesg");
  await rounds(3);
  assert.equal(shown().GpuHealthy, "False KernelLogUnreadable");
  assert.match(board.get("GpuHealthy").hint ?? "", /^Action: none on the GPU\. Run dmesg .* util-linux/);
});

const line = (xid: number, text: string) =>
  `<3>[ 8120.771024] NVRM: Xid (PCI:0000:06:00): ${xid}, pid=1, name=python3, ${text}`;

test("gpu.xids: an Xid that is ignored is counted alone, and one that is a warning is logged once and no fault", async (context) => {
  const { board, watch, messages, rounds, say, shown } = setUpGpuWatch(context, "a10", {
    config: "gpu: { xids: { 119: ignore, 74: warn } }",
  });
  await rounds(1);
  const settled = messages("info").length;
  for (const xid of [119, 74, 74]) await say(line(xid, "a fault by the catalogue"));
  assert.equal(shown().GpuHealthy, "True Healthy");
  assert.deepEqual(
    watch.view()?.gpus[0]?.xids.map(({ xid, count, isStanding }) => [xid, count, isStanding]),
    [
      [119, 1, false],
      [74, 2, false],
    ],
  );
  assert.equal(messages("info").length, settled);
  assert.deepEqual(
    messages("warn").map((text) => text.slice(0, 34)),
    ["a warning by gpu.xids: Xid 74: pid"],
  );
  assert.deepEqual(renderGpuStatus(watch.view())?.xidPolicy, { 74: "warn", 119: "ignore" });
  await say(line(79, "GPU has fallen off the bus."));
  assert.equal(board.get("GpuHealthy").reason, "GpuXid79");
});
