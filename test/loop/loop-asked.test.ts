import assert from "node:assert/strict";
import { test } from "node:test";
import { createGate, setUp } from "./gated-loop.ts";

test("who waits for a round does not wait for those that are asked for meanwhile, again and again", async () => {
  const gate = createGate();
  const { loop } = setUp(gate.run);
  const stop = new AbortController();
  let isStarted = false;
  const first = loop.start(stop.signal).then(() => {
    isStarted = true;
  });
  void loop.trigger();
  assert.equal(isStarted, false);
  await gate.endRound();
  assert.equal(isStarted, true, "systemd waits for the first round");
  for (let rounds = 2; rounds < 5; rounds += 1) {
    assert.deepEqual([gate.rounds(), loop.isRunning], [rounds, true]);
    void loop.trigger();
    await gate.endRound();
  }
  stop.abort();
  await first;
});

test("a round that was asked for during one, before the end, does not begin after it", async () => {
  const gate = createGate();
  const { loop } = setUp(gate.run);
  const stop = new AbortController();
  void loop.start(stop.signal);
  const asked = loop.trigger();
  stop.abort();
  await gate.endRound();
  await asked;
  assert.equal(gate.rounds(), 1);
  await loop.ended();
});
