// When each part works: one line a loop. A round never overlaps itself; what it throws is logged, and the loop goes on.
import type { ConditionType } from "./board/condition-types.ts";
import { readVerdict } from "./board/verdict.ts";
import type { Config } from "./config/schema.ts";
import { watchdogPeriodSeconds } from "./health/systemd.ts";
import { Loop } from "./loop/loop.ts";
import { Moments } from "./loop/moments.ts";
import { PULSE_EVERY_SECONDS } from "./network/carrier/carrier-watch.ts";
import { KNOCK_EVERY_SECONDS } from "./network/watch/knocks.ts";
import { isDiskHung } from "./node/disk-watch.ts";
import type { Parts } from "./parts.ts";

/** AWS's client is most of the work of a start: a machine that knows its cluster leaves it until kubelet is up. */
const AFTER_START_SECONDS = 15;

/** Machines that restart together, after an upgrade of all or a loss of power, do not ask AWS together. */
const START_SPREAD_MS = 30_000;

/** A tunnel that an administrator gives to a node is there after this, and so is another gateway's key. */
const ASK_FOR_ENTRY_SECONDS = 60;

/** A next key and a packet size are looked for in the wake-up of the loops of this period; with each knock while something is under way. */
const UPKEEP_EVERY_SECONDS = 30;
const UPKEEP: readonly string[] = ["rotation", "mtu"];

/** How soon another kernel or driver is noticed; a Node that has become Ready does not wait for it. */
const CHECK_EVERY_SECONDS = 600;

export interface LoopSpec {
  /** A period of the configuration, or another one in seconds; a second function says that it changes with each round. */
  readonly every: keyof Config["intervals"] | ((parts: Parts) => number | (() => number));
  /** The first round: at once, with the schedule, or so many seconds after the start. */
  readonly first: "now" | "scheduled" | { readonly afterSeconds: number };
  readonly round: (parts: Parts, loops: readonly Loop[]) => Promise<void>;
  /** While it is false the loop stands still, without a timer. Default: always. */
  readonly isNeeded?: (parts: Parts) => boolean;
  /** Says so when a round fails as a whole; undefined where nothing depends on the rounds. */
  readonly condition?: ConditionType;
}

/** In the order in which their first rounds begin. The names are those of /status, /livez and the metrics. */
export const LOOPS = {
  converge: {
    every: "convergeSeconds",
    first: "now",
    round: ({ converger }) => converger.round(),
    condition: "ConfigInSync",
  },
  supplies: {
    every: "runtimeSeconds",
    first: "now",
    round: ({ provisioning }) => provisioning.round(),
    condition: "ArtifactsInstalled",
  },
  credentials: {
    every: "credentialsSeconds",
    first: "now",
    round: ({ session }) => session.round(),
    condition: "CredentialsRenewed",
  },
  gpu: { every: "runtimeSeconds", first: "now", round: ({ gpu }) => gpu.round(), condition: "GpuHealthy" },
  config: {
    every: "convergeSeconds",
    first: "scheduled",
    round: async ({ readConfig, nodeName }) => void (await Promise.all([readConfig(), nodeName.round()])),
    condition: "ConfigValid",
  },
  cluster: {
    every: "clusterSeconds",
    first: { afterSeconds: AFTER_START_SECONDS },
    round: ({ cluster }) => cluster.round(),
    condition: "ClusterDescribed",
  },
  health: {
    every: "runtimeSeconds",
    first: "scheduled",
    round: ({ health, nodeWatch }) => {
      nodeWatch.judge();
      return health.round();
    },
    condition: "KubeletRunning",
  },
  // By itself: whatever else reads a file waits for a disk that hangs.
  disks: {
    every: "runtimeSeconds",
    first: "now",
    round: ({ health }) => health.diskRound(),
    condition: "DiskAvailable",
  },
  services: {
    every: "runtimeSeconds",
    first: "scheduled",
    round: ({ services }) => services.round(),
    condition: "ServicesWorking",
  },
  podNetwork: {
    every: "runtimeSeconds",
    first: "scheduled",
    round: ({ podNetwork }) => podNetwork.round(),
    condition: "PodNetworkReady",
  },
  dnsCache: {
    every: "runtimeSeconds",
    first: "scheduled",
    round: ({ dnsCache }) => dnsCache.round(),
    condition: "DnsCacheWorking",
  },
  clock: {
    every: "clusterSeconds",
    first: { afterSeconds: AFTER_START_SECONDS },
    round: ({ health }) => health.clockRound(),
    condition: "ClockInSync",
  },
  entry: {
    every: () => ASK_FOR_ENTRY_SECONDS,
    first: "now",
    round: ({ tunnel }) => tunnel.round(),
  },
  tunnel: {
    every:
      ({ tunnelWatch, keyRotation }) =>
      () =>
        keyRotation.isUnderWay() ? KNOCK_EVERY_SECONDS : tunnelWatch.periodSeconds(),
    first: "scheduled",
    round: (parts, loops) => parts.tunnelWatch.round().finally(() => keepTunnel(parts, loops)),
    isNeeded: ({ tunnelWatch }) => tunnelWatch.isNeeded(),
    condition: "TunnelUp",
  },
  rotation: {
    every: () => UPKEEP_EVERY_SECONDS,
    first: "scheduled",
    round: async ({ keyRotation, gatewayFollower, standbyKeys }) => {
      await gatewayFollower.round();
      await keyRotation.round();
      await standbyKeys.round();
    },
    isNeeded: ({ keyRotation }) => keyRotation.isNeeded(),
  },
  mtu: {
    every: () => UPKEEP_EVERY_SECONDS,
    first: "scheduled",
    round: ({ pathMtu }) => pathMtu.round(),
    isNeeded: ({ pathMtu }) => pathMtu.isNeeded(),
  },
  carrier: {
    every: () => PULSE_EVERY_SECONDS,
    first: "scheduled",
    round: ({ carrierWatch }) => carrierWatch.round(),
    isNeeded: ({ carrierWatch }) => carrierWatch.isNeeded(),
    condition: "TunnelUp",
  },
  fitness: {
    every: () => CHECK_EVERY_SECONDS,
    first: "scheduled",
    round: ({ fitness }) => fitness.round(),
    condition: "MachineChecked",
  },
  report: { every: "runtimeSeconds", first: "scheduled", round: ({ reporter }) => reporter.report() },
  systemd: {
    every: ({ environment }) => watchdogPeriodSeconds(environment),
    first: "scheduled",
    round: notifySystemd,
  },
} as const satisfies Readonly<Record<string, LoopSpec>>;

export type LoopName = keyof typeof LOOPS;
export type Loops = Readonly<Record<LoopName, Loop>>;

/** A calm knock wakes nothing else. */
function keepTunnel({ tunnelWatch, keyRotation }: Parts, loops: readonly Loop[]): void {
  if (tunnelWatch.isCalm() && !keyRotation.isUnderWay()) return;
  for (const loop of loops) if (UPKEEP.includes(loop.name)) void loop.trigger();
}

/** Makes a loop of each line. None runs yet. */
export function createLoops(parts: Parts): Loops {
  const { host, config, board, log } = parts;
  const { monotonic, sleep } = host.clock;
  const all: Loop[] = [];
  const specs = Object.entries<LoopSpec>(LOOPS);
  const moments = new Moments({ monotonic, random: host.random });
  for (const [name, { every, round, condition, isNeeded }] of specs) {
    const everySeconds = typeof every === "function" ? every(parts) : config.intervals[every];
    all.push(
      new Loop({
        ...{ name, everySeconds },
        run: () => round(parts, all),
        isNeeded: () => isNeeded?.(parts) ?? true,
        onFailure: (error) => condition !== undefined && board.setFailed(condition, error),
        ...{ log, monotonic, sleep, nextMs: (lastMs, periodMs) => moments.nextMs(lastMs, periodMs) },
        random: () => moments.firstShare(typeof everySeconds === "function" ? everySeconds() : everySeconds),
      }),
    );
  }
  return Object.fromEntries(all.map((loop) => [loop.name, loop])) as Loops;
}

/** Begins the rounds, until the signal aborts. Resolves when the first round of convergence has ended. */
export async function startLoops(loops: Loops, signal: AbortSignal): Promise<void> {
  const firstRound = loops.converge.start(signal);
  for (const [name, { first }] of Object.entries<LoopSpec>(LOOPS)) {
    const loop = loops[name as LoopName];
    if (loop === loops.converge) continue;
    if (first === "now") void loop.start(signal);
    else loop.schedule(signal);
    if (typeof first === "object") loop.beginAfter(first.afterSeconds * 1000, START_SPREAD_MS);
  }
  await firstRound;
}

/**
 * Without a ping systemd ends the daemon, kubelet with it, and starts it again: that mends what hangs, and not what fails. A disk that
 * hangs would keep the next daemon from its start, too: kubelet stays.
 */
async function notifySystemd({ systemd, board }: Parts, loops: readonly Loop[]): Promise<void> {
  if (loops.some((loop) => loop.isHung()) && !isDiskHung(board)) return;
  await systemd.ping();
  await systemd.showStatus(readVerdict(board).summary);
}
