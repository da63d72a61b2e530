import assert from "node:assert/strict";
import { test } from "node:test";
import { Loop } from "../../agent/loop/loop.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

test("a loop that is not needed runs no round, keeps no timer and is never overdue, and begins when it is asked again", async () => {
  let isNeeded = false;
  const times: number[] = [];
  const { log } = createMemoryLog();
  const clock = new MemoryClock();
  const sleeps: number[] = [];
  const loop = new Loop({
    name: "test",
    everySeconds: 5,
    run: async () => void times.push(clock.monotonic()),
    isNeeded: () => isNeeded,
    ...{ log, monotonic: clock.monotonic, random: () => 0 },
    sleep: (milliseconds, signal) => {
      sleeps.push(milliseconds);
      return clock.sleep(milliseconds, signal);
    },
  });
  const stop = new AbortController();
  loop.schedule(stop.signal);
  await loop.trigger();
  await clock.advance(3_600_000);
  assert.deepEqual([times, sleeps, loop.isOverdue(), loop.lagSeconds()], [[], [], false, 0]);
  isNeeded = true;
  const beganMs = clock.monotonic();
  await loop.trigger();
  assert.deepEqual([loop.isOverdue(), loop.lagSeconds()], [false, 0]);
  await clock.advance(10_000);
  assert.deepEqual(
    times.map((time) => time - beganMs),
    [0, 5000, 10_000],
  );
  isNeeded = false;
  await clock.advance(5000);
  const { length } = sleeps;
  await clock.advance(3_600_000);
  assert.deepEqual([times.length, sleeps.length], [3, length]);
  isNeeded = true;
  await loop.trigger();
  await clock.advance(5000);
  assert.equal(times.length, 5);
  isNeeded = false;
  await clock.advance(5000);
  stop.abort();
  isNeeded = true;
  await loop.trigger();
  await clock.advance(60_000);
  assert.equal(times.length, 5, "the end");
});
