// What the daemon itself takes for GPUs on the sandbox: how soon an Xid is reported, what a storm in the kernel's log costs, and
// how often nvidia-smi is started.
import { setTimeout as delay } from "node:timers/promises";
import { KERNEL_LOG, readSmiRecord } from "../e2e/gpu-stand-in.ts";
import type { Satellite } from "../e2e/satellite.ts";

const NODE = "/opt/eks-satellite/bin/node";
/** The Xids of the catalogue that are a GPU's own: each is a new fault, so each changes the condition. */
const FATAL_XIDS = [46, 48, 62, 64, 74, 95, 109, 110, 119, 120, 136, 140, 143, 155, 156, 158];
const STORM_SECONDS = 15;
const LINES_A_SECOND = 10_000;
const WATCH_SECONDS = 120;
const PERIOD_SECONDS = 30;

/** In the machine, so that no figure has a process's start in it. Prints milliseconds from the line to /status, by Xid. */
const REPORT_DELAYS = `
const { appendFileSync, readFileSync } = require("node:fs");
const [file, ...xids] = process.argv.slice(1);
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const has = async (xid) => {
  const { gpu } = await (await fetch("http://127.0.0.1:9911/status")).json();
  return gpu.gpus[0].faults.some(({ code }) => code === "gpu-xid-" + xid);
};
(async () => {
  const durations = [];
  for (const xid of xids) {
    const uptime = readFileSync("/proc/uptime", "utf8").split(" ")[0];
    const began = performance.now();
    appendFileSync(file, "<3>[" + uptime + "0000] NVRM: Xid (PCI:0000:06:00): " + xid + ", pid=1, name=bench\\n");
    while (!(await has(xid)) && performance.now() - began < 10_000) await wait(2);
    durations.push(performance.now() - began);
    await wait(500);
  }
  console.log(JSON.stringify(durations));
})();
`;

/** Writes that many lines a second, ten times a second, and each second the next of the Xids among them. */
const STORM = `
const { appendFileSync, readFileSync } = require("node:fs");
const [file, seconds, linesASecond, ...xids] = process.argv.slice(1);
const began = performance.now();
const boot = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
let tick = 0;
const write = () => {
  const lines = Array.from({ length: linesASecond / 10 }, (_, index) => {
    const time = (boot + tick / 10 + index / linesASecond).toFixed(6);
    return "<6>[" + time + "] audit: type=1400 apparmor=ALLOWED operation=open profile=bench name=/proc/" + index + "\\n";
  });
  if (tick % 10 === 5) {
    const time = (boot + tick / 10 + 0.1).toFixed(6);
    lines.splice(lines.length / 2, 0, "<3>[" + time + "] NVRM: Xid (PCI:0000:06:00): " + xids[(tick - 5) / 10] + ", pid=1\\n");
  }
  appendFileSync(file, lines.join(""));
  tick += 1;
  if (tick < seconds * 10) setTimeout(write, Math.max(0, began + tick * 100 - performance.now()));
  else console.log(tick * linesASecond / 10 / (performance.now() - began) * 1000);
};
write();
`;

/** Milliseconds from the kernel's line to the fault in /status, for each of many Xids. */
export async function measureXidDelays(satellite: Satellite): Promise<readonly number[]> {
  await startAnew(satellite);
  return JSON.parse(await satellite.box(NODE, "--eval", REPORT_DELAYS, KERNEL_LOG, ...FATAL_XIDS.map(String)));
}

/** What a storm in the kernel's log did. */
export interface StormFigures {
  /** The daemon's own, of one core. */
  readonly cpuPercent: number;
  readonly linesASecond: number;
  readonly xids: number;
  readonly lostXids: number;
}

/** Floods the kernel's log, and counts which of the Xids among the lines were seen. */
export async function measureStorm(satellite: Satellite): Promise<StormFigures> {
  await startAnew(satellite);
  const pid = await satellite.mainPid("eks-satellite");
  const written = FATAL_XIDS.slice(0, STORM_SECONDS).map(String);
  const [beganMs, beganNs] = [performance.now(), await ownNanoseconds(satellite, pid)];
  const rate = await satellite.box(
    ...[NODE, "--eval", STORM, KERNEL_LOG, String(STORM_SECONDS), String(LINES_A_SECOND), ...written],
  );
  const cpuNs = (await ownNanoseconds(satellite, pid)) - beganNs;
  const cpuPercent = (cpuNs / 1e6 / (performance.now() - beganMs)) * 100;
  // What is still in the pipe is read within this time, or is lost.
  await delay(1000);
  const { gpu } = (await satellite.status()) as unknown as GpuPart;
  const faults = gpu.gpus.flatMap((each) => each.faults.map(({ code }) => code));
  const lost = written.filter((xid) => !faults.includes(`gpu-xid-${xid}`));
  return { cpuPercent, linesASecond: Number(rate), xids: written.length, lostXids: lost.length };
}

interface GpuPart {
  readonly gpu: { readonly gpus: readonly { readonly faults: readonly { readonly code: string }[] }[] };
}

/** How often nvidia-smi is started in half a minute, once all is known that is asked once. */
export async function measureSmiStarts(satellite: Satellite): Promise<number> {
  await startAnew(satellite);
  await delay(PERIOD_SECONDS * 1000);
  const before = (await readSmiRecord(satellite)).length;
  await delay(WATCH_SECONDS * 1000);
  return ((await readSmiRecord(satellite)).length - before) / (WATCH_SECONDS / PERIOD_SECONDS);
}

/** As after a boot: nothing in the kernel's log, no fault. */
async function startAnew(satellite: Satellite): Promise<void> {
  await satellite.systemctl("stop");
  await satellite.box("truncate", "--size=0", KERNEL_LOG);
  await satellite.systemctl("start");
  await satellite.untilReason("GpuHealthy", "Healthy");
}

/** Time on a processor of all threads of a process, without its children. */
async function ownNanoseconds(satellite: Satellite, pid: number): Promise<number> {
  const lines = (await satellite.box("/bin/sh", "-c", `cat /proc/${pid}/task/*/schedstat`)).split("\n");
  return lines.reduce((sum, line) => sum + Number(line.split(" ")[0]), 0);
}
