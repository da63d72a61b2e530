import assert from "node:assert/strict";
import { test } from "node:test";
import { Loop } from "../../agent/loop/loop.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

function setUp(chance: number) {
  const clock = new MemoryClock();
  const { monotonic, sleep } = clock;
  const [startMs, beganMs] = [monotonic(), [] as number[]];
  const loop = new Loop({
    name: "test",
    everySeconds: 60,
    run: async () => void beganMs.push(monotonic() - startMs),
    ...{ log: createMemoryLog().log, monotonic, sleep, random: () => chance },
  });
  loop.schedule(new AbortController().signal);
  return { clock, loop, beganMs };
}

test("a first round after some time is later by chance where many machines would begin together", async () => {
  for (const [chance, firstMs] of [
    [0, 5000],
    [0.5, 7000],
  ] as const) {
    const { clock, loop, beganMs } = setUp(chance);
    loop.beginAfter(5000, 4000);
    await clock.advance(9000);
    assert.deepEqual(beganMs, [firstMs]);
  }
});

test("where a round has begun before, there is no first one any more", async () => {
  const { clock, loop, beganMs } = setUp(0);
  loop.beginAfter(5000, 0);
  await clock.advance(1000);
  await loop.trigger();
  await clock.advance(9000);
  assert.deepEqual(beganMs, [1000]);
});
