import assert from "node:assert/strict";
import { test } from "node:test";
import { Loop } from "../../agent/loop/loop.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

test("a period that changes counts from the end of each round, and is asked for then", async (context) => {
  const clock = new MemoryClock();
  const began: number[] = [];
  let [seconds, roundMs] = [5, 0];
  const loop = new Loop({
    ...{ name: "watch", everySeconds: () => seconds, log: createMemoryLog().log, random: () => 0 },
    ...{ monotonic: clock.monotonic, sleep: clock.sleep },
    run: async () => {
      began.push(clock.monotonic());
      if (roundMs > 0) await clock.sleep(roundMs);
    },
  });
  const stop = new AbortController();
  context.after(() => stop.abort());
  await loop.start(stop.signal);
  await clock.advance(10_000);
  [seconds, roundMs] = [4, 3000];
  await clock.advance(20_000);
  const gaps = began.slice(1).map((ms, index) => ms - (began[index] ?? 0));
  assert.deepEqual(gaps.slice(0, 5), [5000, 5000, 5000, 7000, 7000]);
  assert.equal(loop.everySeconds, 4);
});

test("a period that changes ends at the moment that is named for it, which may be now", async (context) => {
  const clock = new MemoryClock();
  const [startMs, beganMs] = [clock.monotonic(), [] as number[]];
  const loop = new Loop({
    ...{ name: "watch", everySeconds: () => 5, log: createMemoryLog().log, random: () => 0 },
    ...{ monotonic: clock.monotonic, sleep: clock.sleep },
    nextMs: (lastMs, periodMs) => startMs + Math.floor((lastMs - startMs + periodMs) / 4000) * 4000,
    run: async () => void beganMs.push(clock.monotonic() - startMs),
  });
  const stop = new AbortController();
  context.after(() => stop.abort());
  await loop.start(stop.signal);
  await clock.advance(17_000);
  assert.deepEqual(beganMs, [0, 5000, 8000, 12_000, 16_000]);
});
