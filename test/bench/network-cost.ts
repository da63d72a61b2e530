// What the tunnel costs the daemon: the same daemon with it and without, in turns.
import { setTimeout as delay } from "node:timers/promises";
import type { Table } from "../../agent/plan/merge.ts";
import type { Connected } from "../e2e/network/connected.ts";
import { cpuNanoseconds, type Memory, readMemory } from "./daemon.ts";
import type { Figure } from "./figure.ts";

const TURNS = 3;
const SETTLE_MS = 75_000;
const WATCH_MS = 150_000;

/** Each turn begins with a daemon that has just started on what is there: one that joins loads and holds more. */
export async function reportCost(connected: Connected, report: (figure: Figure) => void): Promise<void> {
  const on: Cost[] = [];
  const off: Cost[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    on.push(await measureDaemon(connected, {}));
    off.push(await measureDaemon(connected, { network: { tunnel: { mode: "off" } } }));
  }
  for (const [metric, key] of [
    ["tunnel_anonymous_mb", "anonymousMegabytes"],
    ["tunnel_rss_mb", "rssMegabytes"],
    ["tunnel_cpu_percent", "cpuPercent"],
  ] as const) {
    const samples = { on: on.map((cost) => cost[key]), off: off.map((cost) => cost[key]) };
    report({ metric, value: mean(samples.on) - mean(samples.off), samples });
  }
}

interface Cost extends Memory {
  readonly cpuPercent: number;
}

async function measureDaemon({ satellite, sandbox }: Connected, changes: Table): Promise<Cost> {
  await satellite.configure(changes);
  await sandbox.waitForNode();
  await delay(SETTLE_MS);
  const pid = await satellite.mainPid("eks-satellite");
  const began = { cpuNs: await cpuNanoseconds(sandbox, pid), at: performance.now() };
  await delay(WATCH_MS);
  const cpuNs = (await cpuNanoseconds(sandbox, pid)) - began.cpuNs;
  const memory = readMemory(await satellite.box("cat", `/proc/${pid}/status`));
  return { ...memory, cpuPercent: (cpuNs / 1e6 / (performance.now() - began.at)) * 100 };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
