// One fault from its beginning to its end: what /status, `check` and the journal report, and after how many seconds.
import { setTimeout as delay } from "node:timers/promises";
import type { NamedFinding } from "../../agent/check/check.ts";
import type { Satellite, SeenCondition } from "../e2e/satellite.ts";
import { waitFor } from "../sandbox/wait.ts";
import type { Fault } from "./faults.ts";

/** Something that was reported, and when, in seconds after the fault. */
interface Said<T> {
  readonly what: T;
  readonly afterSeconds: number;
}

/** What was seen of one fault; a part is undefined when it was not seen in time. */
export interface Observation {
  readonly fault: string;
  /** The first root cause that /status named. */
  readonly condition: Said<SeenCondition> | undefined;
  readonly check: Said<NamedFinding> | undefined;
  /** The first line of `journalctl -p warning`. */
  readonly warning: Said<string> | undefined;
  /** From the fault's end until every condition is true again and the cluster says Ready, in seconds. */
  readonly recoverySeconds: number | undefined;
  /** What differs from what is expected. */
  readonly problems: readonly string[];
}

/** The software does not notice a fault that it has not reported by then. */
const DEADLINE_MS = 300_000;
const SETTLE_MS = 20_000;
const RECOVERY_MS = 300_000;
/** A fault that the daemon repairs is watched for this long. */
const SELF_MENDED_MS = 60_000;

/** Causes a fault, watches, removes it, watches again. */
export async function measureFault(satellite: Satellite, fault: Fault): Promise<Observation> {
  await fault.prepare?.(satellite);
  await satellite.untilHealthy(180_000);
  // What a start still does must not be taken for what the fault does.
  await delay(SETTLE_MS);
  const daemon = await satellite.mainPid("eks-satellite.service");
  const began = Date.now();
  const after = () => (Date.now() - began) / 1000;
  const over = new AbortController();
  const watching = Promise.all([
    watchStatus(satellite, after, over.signal),
    watchCheck(satellite, fault, after, over.signal),
  ]);
  await fault.inject(satellite);
  const isSelfMended = fault.lift === undefined;
  const mendedSeconds = isSelfMended ? await untilMended(satellite, fault, began, after) : undefined;
  if (!isSelfMended) await untilSeen(watching, over.signal);
  over.abort();
  const [condition, check] = await watching;
  const warning = await readFirstWarning(satellite, began);
  const recoverySeconds = isSelfMended ? mendedSeconds : await liftAndRecover(satellite, fault);
  const seen = { fault: fault.name, condition, check, warning, recoverySeconds };
  const problems = await judge(satellite, fault, seen, daemon);
  await fault.tidy?.(satellite);
  return { ...seen, problems };
}

/** Waits until everything is reported, for as long as a fault may take to be noticed. */
async function untilSeen(watching: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const deadline = delay(DEADLINE_MS, undefined, { signal }).catch(() => undefined); // Seen before the deadline.
  await Promise.race([watching, deadline]);
}

/** Removes the fault; returns the seconds until the node is well again, or undefined when it is not. */
async function liftAndRecover(satellite: Satellite, fault: Fault): Promise<number | undefined> {
  const liftedAt = performance.now();
  await fault.lift?.(satellite);
  return satellite.untilHealthy(RECOVERY_MS).then(
    () => (performance.now() - liftedAt) / 1000,
    () => undefined,
  );
}

/** The first root cause. */
async function watchStatus(
  satellite: Satellite,
  after: () => number,
  signal: AbortSignal,
): Promise<Said<SeenCondition> | undefined> {
  while (!signal.aborted) {
    const status = await satellite.status().catch(() => undefined); // It has begun, or ends: asked again.
    const [root] = status?.rootCauses ?? [];
    const found = status?.conditions.find(({ type }) => type === root);
    if (found !== undefined) return { what: found, afterSeconds: after() };
    await delay(250);
  }
  return undefined;
}

/** The first failed check; for a fault of which one is expected, that one, be it with a warning. */
async function watchCheck(
  satellite: Satellite,
  fault: Fault,
  after: () => number,
  signal: AbortSignal,
): Promise<Said<NamedFinding> | undefined> {
  while (!signal.aborted) {
    const { stdout } = await satellite.sandbox.box(["eks-satellite", "check", "--output", "json"], { mayFail: true });
    const { checks } = JSON.parse(stdout) as { readonly checks: readonly NamedFinding[] };
    const isBad = ({ name, outcome }: NamedFinding) =>
      outcome === "fail" || (outcome === "warn" && name === fault.check);
    const found = checks.find((finding) => isBad(finding) && (fault.check ?? finding.name) === finding.name);
    if (found !== undefined) return { what: found, afterSeconds: after() };
    await delay(500);
  }
  return undefined;
}

/** Seconds until a fault that the daemon repairs was reported and is over; undefined when it is not. */
async function untilMended(
  satellite: Satellite,
  { isHarmless = false, mendedWithinMs = SELF_MENDED_MS }: Fault,
  began: number,
  after: () => number,
): Promise<number | undefined> {
  try {
    if (isHarmless) await delay(SELF_MENDED_MS);
    else await waitFor({ what: "a warning", deadlineMs: mendedWithinMs }, () => readFirstWarning(satellite, began));
    await satellite.untilHealthy(mendedWithinMs);
    return isHarmless ? 0 : after();
  } catch {
    return undefined;
  }
}

async function readFirstWarning(satellite: Satellite, sinceMs: number): Promise<Said<string> | undefined> {
  const journal = ["journalctl", "--unit=eks-satellite", "--priority=warning", "--output=json", "--no-pager"];
  const lines = (await satellite.box(...journal, `--since=@${Math.floor(sinceMs / 1000)}`)).split("\n").filter(Boolean);
  for (const line of lines) {
    const entry = JSON.parse(line) as { readonly MESSAGE: string; readonly __REALTIME_TIMESTAMP: string };
    const atMs = Number(entry.__REALTIME_TIMESTAMP) / 1000;
    if (atMs >= sinceMs) return { what: entry.MESSAGE, afterSeconds: (atMs - sinceMs) / 1000 };
  }
  return undefined;
}

function judgeHarmless(condition: Observation["condition"], warning: Observation["warning"]): readonly string[] {
  return [
    ...(condition === undefined ? [] : [`/status names ${condition.what.type}: ${condition.what.message}`]),
    ...(warning === undefined ? [] : [`the journal warns: ${warning.what}`]),
  ];
}

async function judge(
  satellite: Satellite,
  fault: Fault,
  { condition, check, warning, recoverySeconds }: Omit<Observation, "problems">,
  daemon: number,
): Promise<readonly string[]> {
  const problems: string[] = [];
  if (fault.isHarmless) problems.push(...judgeHarmless(condition, warning));
  if (fault.condition !== undefined && condition?.what.type !== fault.condition)
    problems.push(`/status names ${condition?.what.type ?? "nothing"}, not ${fault.condition}`);
  if (condition !== undefined && condition.what.hint === undefined) problems.push(`${condition.what.type} has no hint`);
  if (fault.check !== undefined && check === undefined) problems.push(`check ${fault.check} does not fail`);
  if (!fault.isHarmless && warning === undefined) problems.push("the journal has no warning");
  if (
    !fault.isHarmless &&
    warning !== undefined &&
    !(fault.warning ?? new RegExp(`condition=${fault.condition}\\b`)).test(warning.what)
  )
    problems.push(`the journal's first warning is another: ${warning.what}`);
  if (recoverySeconds === undefined) problems.push("the node did not recover by itself");
  if (!fault.isRestart && (await satellite.mainPid("eks-satellite.service")) !== daemon)
    problems.push("the daemon was restarted");
  return problems;
}
