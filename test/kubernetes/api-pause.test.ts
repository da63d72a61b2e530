import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpResponse } from "../../agent/host/host.ts";
import { pauseWhenAsked } from "../../agent/kubernetes/api-pause.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

function setUp(random = 0) {
  const host = new MemoryHost();
  host.random = () => random;
  const beganMs = host.clock.monotonic();
  const sent: number[] = [];
  const stop = new AbortController();
  const world = { answer: { status: 200, body: "" } as HttpResponse };
  const send = () => {
    sent.push(host.clock.monotonic() - beganMs);
    return world.answer;
  };
  [host.onFetch, host.onFollow] = [send, send];
  const requests = pauseWhenAsked({ host, requests: host, signal: stop.signal });
  const fetch = () => requests.fetch({ url: "https://api/api/v1/nodes", timeoutSeconds: 10 });
  const follow = (signal = new AbortController().signal) =>
    requests.follow({ url: "https://api/", timeoutSeconds: 10, silenceSeconds: 10, onLine: () => undefined, signal });
  return { host, world, sent, stop, fetch, follow };
}

test("nothing is sent for as long as a 429 asks for, and then all that waited", async () => {
  const { host, world, sent, fetch, follow } = setUp();
  world.answer = { status: 429, body: "", retryAfter: "7" };
  assert.equal((await fetch()).status, 429);
  world.answer = { status: 200, body: "" };
  const waiting = [fetch(), fetch(), follow()];
  await host.clock.advance(6999);
  assert.deepEqual(sent, [0]);
  await host.clock.advance(1);
  await Promise.all(waiting);
  assert.deepEqual(sent, [0, 7000, 7000, 7000]);
});

test("a refused watch asks for a pause, too; so does 503 with Retry-After, and neither 503 nor 404 without", async () => {
  for (const [status, retryAfter, pauseMs] of [
    [429, undefined, 1000],
    [503, "5", 5000],
    [503, undefined, 0],
    [404, "5", 0],
    [429, "86400", 60_000],
  ] as const) {
    const { host, world, sent, fetch, follow } = setUp();
    world.answer = { status, body: "", retryAfter };
    await follow();
    void fetch();
    await host.clock.advance(120_000);
    assert.deepEqual(sent, [0, pauseMs], `${status} ${retryAfter}`);
  }
});

test("nodes that are asked for the same pause do not come back together", async () => {
  const returns = await Promise.all(
    [0, 0.5, 0.999].map(async (chance) => {
      const { host, world, sent, fetch } = setUp(chance);
      world.answer = { status: 429, body: "", retryAfter: "20" };
      await fetch();
      void fetch();
      await host.clock.advance(60_000);
      return sent[1];
    }),
  );
  assert.deepEqual(returns, [20_000, 25_000, 29_990]);
});

test("the end of the daemon, or of a watch, ends the waiting", async () => {
  const { world, sent, stop, fetch, follow } = setUp();
  world.answer = { status: 429, body: "", retryAfter: "20" };
  await fetch();
  const watch = new AbortController();
  const refused = [assert.rejects(fetch()), assert.rejects(follow(watch.signal))];
  watch.abort();
  await settle();
  stop.abort();
  await Promise.all(refused);
  assert.deepEqual(sent, [0]);
});
