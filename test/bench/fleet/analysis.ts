// What a fleet's record says: rates, the busiest second, and when each node was well again.
import type { ConditionNote, FleetRecord, RequestNote } from "./record.ts";

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const HOUR_MS = 3_600_000;

/** Requests a node and hour, by kind, the most frequent first. */
export function ratesByKind(
  requests: readonly RequestNote[],
  { fromMs, toMs }: Span,
  nodes: number,
): Readonly<Record<string, number>> {
  const perRequest = HOUR_MS / (toMs - fromMs) / nodes;
  const kinds = Map.groupBy(within(requests, { fromMs, toMs }), ({ kind }) => kind);
  const rates = [...kinds].map(([kind, { length }]) => [kind, Math.round(length * perRequest * 100) / 100] as const);
  return Object.fromEntries(rates.toSorted(([, one], [, other]) => other - one));
}

/** The most that fell into one second, wherever that second begins. */
export function busiestSecond(notes: readonly { readonly atMs: number }[]): number {
  const times = notes.map(({ atMs }) => atMs).toSorted((one, other) => one - other);
  let [most, first] = [0, 0];
  for (const [index, time] of times.entries()) {
    while (time - (times[first] ?? time) >= 1000) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

/** The share of the fleet whose first request that was answered after an outage was sent in one and the same second. */
export function returnShare(requests: readonly RequestNote[], endedMs: number, nodes: number): number {
  const first = new Map<number, RequestNote>();
  for (const request of requests)
    if (request.atMs >= endedMs && /^[2-4]\d\d$/.test(request.outcome) && !first.has(request.node))
      first.set(request.node, request);
  return busiestSecond([...first.values()]) / nodes;
}

/** When each node became well for good, milliseconds; undefined while one is not. A node is well when all of these conditions are true. */
export function wellTimes(
  notes: readonly ConditionNote[],
  conditions: readonly string[],
  nodes: number,
): readonly number[] | undefined {
  const states = Array.from({ length: nodes }, () => new Map<string, string>());
  const since: (number | undefined)[] = states.map(() => undefined);
  for (const { atMs, node, condition, status } of notes) {
    const state = states[node];
    if (state === undefined) continue;
    state.set(condition, status);
    const isWell = conditions.every((type) => state.get(type) === "True");
    since[node] = isWell ? (since[node] ?? atMs) : undefined;
  }
  return since.every((time) => time !== undefined) ? since : undefined;
}

/** The notes of a span of time. */
export function within<T extends { readonly atMs: number }>(notes: readonly T[], { fromMs, toMs }: Span): readonly T[] {
  return notes.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
}

/** The part of a record that lies in a span of time. */
export function cutRecord(record: FleetRecord, span: Span): FleetRecord {
  return {
    requests: within(record.requests, span),
    conditions: within(record.conditions, span),
    attempts: within(record.attempts, span),
  };
}
