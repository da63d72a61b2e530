// The figures of a fleet: how many requests it makes, and how it comes back when all have lost the same thing in the same moment.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startControlPlane } from "../../sandbox/control-plane.ts";
import { down } from "../../sandbox/down.ts";
import { stopDaemon } from "../../sandbox/process.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { cacheFolder } from "../../sandbox/state.ts";
import { Progress } from "../../sandbox/step.ts";
import { up } from "../../sandbox/up.ts";
import type { Figure } from "../figure.ts";
import { busiestSecond, cutRecord, ratesByKind, returnShare, type Span } from "./analysis.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { readNodeRequests, refuseNodes, takeNodes } from "./priority.ts";
import type { Server } from "./record.ts";

const NODES = 300;
/** The longest period of a loop's own, the Node's condition that is repeated each five minutes, falls into it once. */
const STEADY_SECONDS = 300;
const THROTTLED_MS = 60_000;
const DEADLINE_MS = 300_000;
/** No kubelet renews the Nodes' leases. */
const GRACE_SECONDS = 86_400;

type Report = (figure: Figure) => void;

export interface FleetOptions {
  /** How long AWS, and later the API server, is away. */
  readonly outageSeconds: number;
  readonly nodes?: number;
  /** How long requests are counted while all is well. */
  readonly steadySeconds?: number;
}

/** Measures and reports each of them. */
export async function reportFleetFigures(
  report: Report,
  { outageSeconds, nodes = NODES, steadySeconds = STEADY_SECONDS }: FleetOptions,
): Promise<void> {
  const folder = join(cacheFolder(), "bench-fleet-sandbox");
  try {
    const { sandbox } = await up({ folder, agent: false, graceSeconds: GRACE_SECONDS, progress: new Progress() });
    const fleet = await startFleet(sandbox, nodes);
    try {
      await reportStart(fleet, report);
      await reportSteady(sandbox, fleet, report, steadySeconds);
      await reportAwsOutage(sandbox, fleet, report, outageSeconds);
      await reportApiOutage(sandbox, fleet, report, outageSeconds);
      await reportThrottling(sandbox, fleet, report);
    } finally {
      await fleet.close();
    }
  } finally {
    await down(folder);
  }
}

async function reportStart(fleet: Fleet, report: Report): Promise<void> {
  const times = await fleet.untilWell(fleet.beganMs, DEADLINE_MS);
  const { attempts, requests } = cutRecord(await fleet.record(), { fromMs: fleet.beganMs, toMs: Date.now() });
  const samples = { nodes: fleet.nodes, awsPerSecond: busiestSecond(attempts), apiPerSecond: apiPeak(requests) };
  report({ metric: "fleet_start_s", value: longest(times), samples });
}

async function reportSteady(sandbox: Sandbox, fleet: Fleet, report: Report, seconds: number): Promise<void> {
  const servedBefore = await readNodeRequests(sandbox);
  const fromMs = Date.now();
  await delay(seconds * 1000);
  const span = { fromMs, toMs: Date.now() };
  const served = (await readNodeRequests(sandbox)) - servedBefore;
  const { requests } = await fleet.record();
  const perNodeHour = (count: number) => (count / fleet.nodes / (span.toMs - fromMs)) * 3_600_000;
  for (const server of ["api", "aws"] as const) {
    const kinds = ratesByKind(
      requests.filter((request) => request.server === server),
      span,
      fleet.nodes,
    );
    const value = Object.values(kinds).reduce((sum, rate) => sum + rate, 0);
    const samples = server === "api" ? { ...kinds, countedByServer: perNodeHour(served) } : kinds;
    report({ metric: `fleet_${server}_per_node_hour`, value, samples });
  }
}

async function reportAwsOutage(sandbox: Sandbox, fleet: Fleet, report: Report, seconds: number): Promise<void> {
  const fromMs = Date.now();
  await sandbox.awsDown();
  await delay(seconds * 1000);
  await sandbox.awsUp();
  await reportReturn(fleet, report, { fromMs, toMs: Date.now() }, "aws");
}

async function reportApiOutage(sandbox: Sandbox, fleet: Fleet, report: Report, seconds: number): Promise<void> {
  const fromMs = Date.now();
  await stopDaemon(sandbox.folder, "kube-apiserver");
  await delay(seconds * 1000);
  await startControlPlane(sandbox.folder, sandbox.addresses, sandbox.programs, GRACE_SECONDS);
  await reportReturn(fleet, report, { fromMs, toMs: Date.now() }, "api");
}

async function reportReturn(fleet: Fleet, report: Report, outage: Span, server: Server): Promise<void> {
  const { nodes } = fleet;
  const times = await fleet.untilWell(outage.toMs, DEADLINE_MS);
  const record = await fleet.record();
  const sent = record.requests.filter((request) => request.server === server);
  const peakOf = (span: Span) => {
    const { attempts, requests } = cutRecord({ ...record, requests: sent }, span);
    return busiestSecond(server === "aws" ? attempts : requests);
  };
  const samples = {
    outageSeconds: Math.round((outage.toMs - outage.fromMs) / 1000),
    duringPerSecond: peakOf(outage),
    returnPerSecond: peakOf({ fromMs: outage.toMs, toMs: Date.now() }),
  };
  const value = Math.max(samples.duringPerSecond, samples.returnPerSecond) / nodes;
  report({ metric: `fleet_${server}_outage_peak`, value, samples });
  report({ metric: `fleet_${server}_return_share`, value: returnShare(sent, outage.toMs, nodes) });
  report({ metric: `fleet_${server}_recovery_s`, value: longest(times), samples: spread(times) });
}

/** The API server restarts, and refuses all nodes for a while: Priority and Fairness answers 429 with Retry-After. */
async function reportThrottling(sandbox: Sandbox, fleet: Fleet, report: Report): Promise<void> {
  await refuseNodes(sandbox);
  await stopDaemon(sandbox.folder, "kube-apiserver");
  await startControlPlane(sandbox.folder, sandbox.addresses, sandbox.programs, GRACE_SECONDS);
  const fromMs = Date.now();
  await delay(THROTTLED_MS);
  const span = { fromMs, toMs: Date.now() };
  await takeNodes(sandbox);
  const times = await fleet.untilWell(span.toMs, DEADLINE_MS);
  // A watch that is refused is there twice: when it began, and with its answer.
  const requests = cutRecord(await fleet.record(), span).requests.filter(
    ({ server, outcome }) => server === "api" && outcome !== "begun",
  );
  const refused = requests.filter(({ outcome }) => outcome === "429").length;
  const samples = { refused, all: requests.length, perSecond: apiPeak(requests) };
  report({ metric: "fleet_throttled_per_node_minute", value: requests.length / fleet.nodes, samples });
  report({ metric: "fleet_throttled_recovery_s", value: longest(times), samples: spread(times) });
}

function apiPeak(requests: readonly { readonly atMs: number; readonly server: Server }[]): number {
  return busiestSecond(requests.filter(({ server }) => server === "api"));
}

function longest(milliseconds: readonly number[]): number {
  return Math.max(...milliseconds) / 1000;
}

/** Seconds after which a tenth, a half and nine tenths of the nodes were well again. */
function spread(milliseconds: readonly number[]) {
  const sorted = milliseconds.toSorted((one, other) => one - other);
  const at = (share: number) => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) / 100) / 10;
  return { tenth: at(0.1), half: at(0.5), nineTenths: at(0.9) };
}
