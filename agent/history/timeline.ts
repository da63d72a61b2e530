// Entries in their order, with the times that they had by the clock as it is set now, and how long what they end has lasted.
import { optional } from "../optional.ts";
import { isoTime } from "../time.ts";
import type { Entry } from "./entry.ts";

/** Two readings of the clock and of the machine's age are not made at once. */
const EXACT_MS = 2000;

/** The clock and the age of the machine at one moment. */
export interface Moment {
  readonly at: number;
  readonly boot: string;
  readonly up?: number | undefined;
}

export interface TimedEntry extends Entry {
  /** Milliseconds since the epoch, by the clock as it was last set within that run of the machine. */
  readonly atMs: number;
  /** How long the failure, the upgrade, the run, or the time without a daemon lasted that this entry ends. */
  readonly lastedMs?: number;
  /** Of a start: the machine was started before it. */
  readonly isBoot?: boolean;
  /** Of a start: the run before it did not end by itself. */
  readonly isUnexpected?: boolean;
  /** Of a start: the same process goes on with another configuration. */
  readonly isSameProcess?: boolean;
}

/** @param now the present moment, by which this run of the machine is dated; left out, its last entry is */
export function toTimeline(entries: readonly Entry[], now?: Moment): readonly TimedEntry[] {
  const offsets = new Map<string, number>();
  for (const { at, boot, up } of now === undefined ? entries : [...entries, now])
    if (up !== undefined && boot !== "") offsets.set(boot, at - up);
  const dated = entries.map((entry): TimedEntry => ({ ...entry, atMs: dateOf(entry, offsets.get(entry.boot)) }));
  return dated.map((entry, index) => ({ ...entry, ...relate(entry, dated.slice(0, index)) }));
}

/** A clock that was set since is no reason to show another time than the one that is right now. */
function dateOf({ at, up }: Entry, offset: number | undefined): number {
  if (up === undefined || offset === undefined) return at;
  return Math.abs(up + offset - at) <= EXACT_MS ? at : up + offset;
}

type Relations = Pick<TimedEntry, "lastedMs" | "isBoot" | "isUnexpected" | "isSameProcess">;

function relate(entry: TimedEntry, earlier: readonly TimedEntry[]): Relations {
  switch (entry.kind) {
    case "start":
      return relateStart(entry, earlier);
    case "stop":
      return lasted(
        entry,
        earlier.findLast(({ kind }) => kind === "start"),
      );
    case "condition":
      return entry.status === "False" ? {} : lasted(entry, findFailure(entry, earlier));
    case "event":
      return /^Kubelet(?:Upgraded|RolledBack)$/.test(entry.name)
        ? lasted(
            entry,
            earlier.findLast(({ name }) => name === "KubeletUpgrading"),
          )
        : {};
    default:
      return {};
  }
}

function relateStart(entry: TimedEntry, earlier: readonly TimedEntry[]): Relations {
  const before = earlier.at(-1);
  if (before === undefined) return {};
  const isBoot = before.boot !== entry.boot;
  const start = earlier.findLast(({ kind }) => kind === "start");
  const isSameProcess = !isBoot && start?.pid !== undefined && start.pid === entry.pid;
  return { isBoot, isUnexpected: before.kind !== "stop", isSameProcess, ...lasted(entry, before) };
}

/** The first report of the failure that a condition's turn ends; one that it had when the machine or the daemon ended is another. */
function findFailure({ name }: Entry, earlier: readonly TimedEntry[]): TimedEntry | undefined {
  let first: TimedEntry | undefined;
  for (const entry of earlier.toReversed()) {
    if (entry.kind === "start") break;
    if (entry.kind !== "condition" || entry.name !== name) continue;
    if (entry.status !== "False") break;
    first = entry;
  }
  return first;
}

/** By the machine's age where both are of one run of it, for the clock may have been set between. */
function lasted(entry: TimedEntry, from: TimedEntry | undefined): Pick<TimedEntry, "lastedMs"> {
  if (from === undefined) return {};
  const isOneBoot = from.boot === entry.boot && from.up !== undefined && entry.up !== undefined;
  const lastedMs = isOneBoot ? (entry.up ?? 0) - (from.up ?? 0) : entry.atMs - from.atMs;
  return { lastedMs: Math.max(0, lastedMs) };
}

/** Entries as documents show them. */
export function renderShown(entries: readonly TimedEntry[]) {
  return entries.map(({ atMs, at, kind, name, status, reason, message, isRootCause, lastedMs, ...start }) => ({
    at: isoTime(atMs) ?? "",
    ...optional({ recordedAt: at === atMs ? undefined : isoTime(at) }),
    ...{ kind, name, message, boot: start.boot },
    ...optional({ status, reason, isRootCause }),
    ...optional({ lastedSeconds: lastedMs === undefined ? undefined : Math.round(lastedMs / 1000) }),
    ...optional({ isBoot: start.isBoot, isUnexpected: start.isUnexpected, isSameProcess: start.isSameProcess }),
  }));
}
