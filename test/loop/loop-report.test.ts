import assert from "node:assert/strict";
import { test } from "node:test";
import { Loop } from "../../agent/loop/loop.ts";
import { createLoopReport } from "../../agent/loop/loop-report.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

test("each loop is shown with its period, its rounds and how late it is", async () => {
  let nowMs = 0;
  const { log } = createMemoryLog();
  const { sleep } = new MemoryClock();
  const loop = new Loop({
    name: "converge",
    everySeconds: 30,
    run: async () => undefined,
    log,
    monotonic: () => nowMs,
    sleep,
    random: () => 0,
  });
  const report = createLoopReport([loop]);
  await loop.trigger();
  nowMs = 200_000;
  assert.deepEqual(report.status(), {
    loops: [{ name: "converge", everySeconds: 30, rounds: 1, failures: 0, lagSeconds: 170, isOverdue: false }],
  });
  assert.deepEqual(
    report.metrics().map(({ name, samples }) => [name, samples()]),
    [
      ["eks_satellite_loop_rounds_total", [{ value: 1, labels: { loop: "converge" } }]],
      ["eks_satellite_loop_failures_total", [{ value: 0, labels: { loop: "converge" } }]],
      ["eks_satellite_loop_lag_seconds", [{ value: 170, labels: { loop: "converge" } }]],
    ],
  );
});
