import assert from "node:assert/strict";
import { test } from "node:test";
import { Loop } from "../../agent/loop/loop.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

test("a round after some time is later by chance where many machines would begin together", async () => {
  const beganMs: number[] = [];
  for (const chance of [0, 0.5]) {
    const clock = new MemoryClock();
    const { monotonic, sleep } = clock;
    const startMs = monotonic();
    const loop = new Loop({
      name: "test",
      everySeconds: 60,
      run: async () => void beganMs.push(monotonic() - startMs),
      ...{ log: createMemoryLog().log, monotonic, sleep, random: () => chance },
    });
    loop.schedule(new AbortController().signal);
    loop.triggerAfter(5000, 4000);
    await clock.advance(9000);
  }
  assert.deepEqual(beganMs, [5000, 7000]);
});
