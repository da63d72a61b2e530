// What the tunnel costs the daemon: two machines of two sandboxes, one with it and one without at the same time, and then the other way round.
import { setTimeout as delay } from "node:timers/promises";
import type { Table } from "../../agent/plan/merge.ts";
import type { Connected } from "../e2e/network/connected.ts";
import { cpuNanoseconds, type Memory, readMemory } from "./daemon.ts";
import type { Figure } from "./figure.ts";

/** Even: each machine has it as often as not. */
const TURNS = 4;
const SETTLE_MS = 120_000;
/** One collection of the whole heap takes a hundred milliseconds and comes once in some minutes: a short window has one or has none. */
const WATCH_MS = 300_000;

/** Each turn begins with daemons that have just started on what is there: one that joins loads and holds more. */
export async function reportCost(
  [one, other]: readonly [Connected, Connected],
  report: (figure: Figure) => void,
): Promise<void> {
  const on: Cost[] = [];
  const off: Cost[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const [connected, island] = turn % 2 === 0 ? [one, other] : [other, one];
    const [withTunnel, without] = await Promise.all([
      measureDaemon(connected, {}),
      measureDaemon(island, { network: { tunnel: { mode: "off" } } }),
    ]);
    on.push(withTunnel);
    off.push(without);
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
