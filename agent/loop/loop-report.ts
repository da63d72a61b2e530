// The loops as /status and /metrics show them.
import { type Family, family } from "../board/metric-family.ts";
import type { Loop } from "./loop.ts";

/** Returns what reports the loops anew at each call. */
export function createLoopReport(loops: readonly Loop[]) {
  const byLoop = (read: (loop: Loop) => number) => () =>
    loops.map((loop) => ({ value: read(loop), labels: { loop: loop.name } }));
  return {
    status: () => ({
      loops: loops.map((loop) => ({
        name: loop.name,
        everySeconds: loop.everySeconds,
        rounds: loop.rounds,
        failures: loop.failures,
        lagSeconds: loop.lagSeconds(),
        isOverdue: loop.isOverdue(),
      })),
    }),
    metrics: (): readonly Family[] => [
      family(
        "counter",
        "loop_rounds_total",
        "Rounds that a loop has finished.",
        byLoop(({ rounds }) => rounds),
      ),
      family(
        "counter",
        "loop_failures_total",
        "Rounds that failed as a whole.",
        byLoop(({ failures }) => failures),
      ),
      family(
        "gauge",
        "loop_lag_seconds",
        "How long ago a round should have succeeded that has not.",
        byLoop((loop) => loop.lagSeconds()),
      ),
    ],
  };
}
