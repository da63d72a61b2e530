import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { sleep } from "../../../agent/host/laptop/sleep.ts";

test("a sleep ends after its time, or with the signal's reason, and one listener serves a thousand of them", async () => {
  const stop = new AbortController();
  const began = performance.now();
  await sleep(20);
  await sleep(20, stop.signal);
  assert.ok(performance.now() - began >= 38, "40 ms, less what a timer rounds");
  const reason = new Error("the end");
  const sleepers = Array.from({ length: 1000 }, () => sleep(60_000, stop.signal));
  const ended = Promise.allSettled(sleepers);
  assert.equal(getEventListeners(stop.signal, "abort").length, 1);
  stop.abort(reason);
  for (const result of await ended) assert.deepEqual(result, { status: "rejected", reason });
  await assert.rejects(sleep(60_000, stop.signal), reason);
});

test("a sleeper that woke is not woken again, and the others still are", async () => {
  const stop = new AbortController();
  const late = sleep(60_000, stop.signal);
  await sleep(5, stop.signal);
  stop.abort(new Error("the end"));
  await assert.rejects(late, /the end/);
});
