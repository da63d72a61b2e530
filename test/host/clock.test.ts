import assert from "node:assert/strict";
import { test } from "node:test";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";

test("a time of day that is set moves no monotonic clock", (context) => {
  const { clock } = createLinuxHost();
  const before = clock.monotonic();
  context.mock.timers.enable({ apis: ["Date"], now: Date.UTC(2036, 0, 1) });
  const passed = clock.monotonic() - before;
  assert.equal(clock.now(), Date.UTC(2036, 0, 1));
  assert.ok(passed >= 0 && passed < 60_000, `${passed} ms`);
});

test("the clock in memory wakes sleepers by the time that passes, not by the time of day", async () => {
  const clock = new MemoryClock();
  const woken: string[] = [];
  void clock.sleep(1000).then(() => woken.push("sleeper"));
  clock.set(-3_600_000);
  await clock.advance(999);
  assert.deepEqual(woken, []);
  clock.set(10 * 365 * 86_400_000);
  await clock.advance(1);
  assert.deepEqual(woken, ["sleeper"]);
});
