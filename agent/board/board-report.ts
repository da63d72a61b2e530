// The board as /status and /metrics show it: the verdict, its root causes and every condition.
import { isoTime } from "../time.ts";
import { CONDITION_TYPES } from "./condition-types.ts";
import type { Condition, ConditionBoard, Report } from "./conditions.ts";
import { type Family, family } from "./metric-family.ts";
import { readVerdict } from "./verdict.ts";

/** Returns what reports the board anew at each call. */
export function createBoardReport(board: ConditionBoard) {
  return {
    status: () => ({
      verdict: readVerdict(board),
      rootCauses: board.rootCauses().map(({ type }) => type),
      conditions: board.list().map(renderCondition),
    }),
    metrics: (): readonly Family[] => [
      family("gauge", "ready", "1 while /readyz says ok.", () => [{ value: Number(readVerdict(board).ready) }]),
      family("gauge", "condition", "1 for the status that a condition has, 0 for the others.", () =>
        CONDITION_TYPES.flatMap((type) =>
          (["True", "False", "Unknown"] as const).map((status) => ({
            value: Number(board.get(type).status === status),
            labels: { type, status },
          })),
        ),
      ),
      family("gauge", "condition_since_timestamp_seconds", "When a condition's status last changed.", () =>
        board.list().map(({ type, sinceMs }) => ({ value: sinceMs / 1000, labels: { type } })),
      ),
    ],
  };
}

function renderCondition({ sinceMs, pending, ...condition }: Condition) {
  return {
    ...condition,
    since: isoTime(sinceMs),
    ...(pending === undefined ? {} : { pending: renderPending(pending) }),
  };
}

function renderPending({ sinceMs, ...report }: Report & { readonly sinceMs: number }) {
  return { ...report, since: isoTime(sinceMs) };
}
