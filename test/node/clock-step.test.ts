import assert from "node:assert/strict";
import { test } from "node:test";
import { ClockStep } from "../../agent/node/clock-step.ts";

const HOUR_MS = 3_600_000;

/** Both clocks by hand. */
function setUp() {
  const time = { nowMs: 1_800_000_000_000, monotonicMs: 5000 };
  const step = new ClockStep({ now: () => time.nowMs, monotonic: () => time.monotonicMs });
  const pass = (nowMs: number, monotonicMs = nowMs) => {
    time.nowMs += nowMs;
    time.monotonicMs += monotonicMs;
  };
  return { step, pass };
}

test("time that passes is no step, however long, nor is what NTP shifts", () => {
  const { step, pass } = setUp();
  pass(10 * HOUR_MS);
  assert.equal(step.takeMs(), 0);
  pass(60_500, 60_000);
  assert.equal(step.takeMs(), 0);
});

test("a clock that is set back or forward is a step, once", () => {
  const { step, pass } = setUp();
  pass(30_000 - HOUR_MS, 30_000);
  assert.equal(step.takeMs(), -HOUR_MS);
  assert.equal(step.takeMs(), 0);
  pass(HOUR_MS, 0);
  assert.equal(step.takeMs(), HOUR_MS);
});
