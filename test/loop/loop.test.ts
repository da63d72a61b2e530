import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../fakes/memory-clock.ts";
import { createGate, setUp } from "./gated-loop.ts";

test("periods are exactly those of the configuration, after a first one that chance shortens", async () => {
  for (const [everySeconds, share] of [
    [45, 0],
    [100, 0.37],
    [7, 0.999],
  ] as const) {
    const times: number[] = [];
    const { loop, clock } = setUp(async () => void times.push(clock.monotonic()), everySeconds, share);
    const stop = new AbortController();
    const beganMs = clock.monotonic();
    await loop.start(stop.signal);
    await clock.advance(everySeconds * 4000);
    const gaps = times.map((time, index) => Math.round(time - (times[index - 1] ?? beganMs)) / 1000);
    assert.deepEqual(gaps.slice(0, 4), [0, (1 - share) * everySeconds, everySeconds, everySeconds].map(toMillis));
    stop.abort();
    const { length } = times;
    await clock.advance(everySeconds * 4000);
    assert.equal(times.length, length, "the end");
  }
});

const toMillis = (seconds: number) => Math.round(seconds * 1000) / 1000;

test("a clock that is set moves no round, forward or back, by an hour or ten years", async () => {
  for (const hours of [-87_600, -1, 1, 720, 87_600]) {
    let rounds = 0;
    const { loop, clock } = setUp(async () => {
      rounds += 1;
    }, 30);
    const stop = new AbortController();
    loop.schedule(stop.signal);
    await clock.advance(30_000);
    clock.set(hours * 3_600_000);
    await clock.advance(120_000);
    assert.equal(rounds, 5, `${hours} h`);
    stop.abort();
  }
});

test("a round that takes longer than the period is not followed by another at once", async () => {
  const gate = createGate();
  const { loop, clock } = setUp(gate.run, 30);
  const stop = new AbortController();
  loop.schedule(stop.signal);
  await clock.advance(75_000);
  assert.equal(gate.rounds(), 1);
  await gate.endRound();
  assert.equal(gate.rounds(), 1, "the period that passed meanwhile is not made up for");
  await clock.advance(15_000);
  assert.equal(gate.rounds(), 2);
  stop.abort();
});

test("a process that was stopped for an hour makes up for no missed round", async () => {
  let rounds = 0;
  const { loop, clock } = setUp(async () => {
    rounds += 1;
  }, 10);
  const stop = new AbortController();
  loop.schedule(stop.signal);
  await settle();
  clock.jump(3_600_000);
  await clock.advance(0);
  assert.ok(rounds <= 2, `${rounds} rounds at once`);
  await clock.advance(20_000);
  assert.ok(rounds <= 4);
  stop.abort();
});

test("a round that is asked for while one runs follows it, once, however often it was asked for", async () => {
  const gate = createGate();
  const { loop } = setUp(gate.run);
  const first = loop.trigger();
  const others = [loop.trigger(), loop.trigger(), loop.trigger()];
  await settle();
  assert.equal(gate.rounds(), 1, "rounds never overlap");
  await gate.endRound();
  assert.equal(gate.rounds(), 2);
  await gate.endRound();
  await Promise.all([first, ...others]);
  assert.equal(gate.rounds(), 2);
});

test("who asks during a round waits for one that began afterwards", async () => {
  const gate = createGate();
  const { loop } = setUp(gate.run);
  void loop.trigger();
  let isDone = false;
  const asked = loop.trigger().then(() => {
    isDone = true;
  });
  await gate.endRound();
  assert.equal(isDone, false);
  await gate.endRound();
  await asked;
});

test("a round that is asked for in the very moment in which one ends is not lost", async () => {
  for (let turns = 0; turns < 8; turns += 1) {
    const end = Promise.withResolvers<void>();
    let rounds = 0;
    const { loop } = setUp(() => {
      rounds += 1;
      return rounds === 1 ? end.promise : Promise.resolve();
    });
    const first = loop.trigger();
    end.resolve();
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    await loop.trigger();
    await first;
    assert.equal(rounds, 2, `asked ${turns} turns of the microtask queue after the end`);
  }
});

test("a round that fails is told of once, and the loop lives on", async () => {
  let rounds = 0;
  const { loop, lines } = setUp(async () => {
    rounds += 1;
    if (rounds === 1) throw new Error("boom");
  });
  await loop.trigger();
  await loop.trigger();
  assert.equal(rounds, 2);
  assert.deepEqual(
    lines.map(({ level, msg, err }) => [level, msg, err?.message]),
    [["error", "a round failed", "boom"]],
  );
});

test("a loop is overdue when no round has ended for three periods and a network call's deadline", async () => {
  const gate = createGate();
  const { loop, clock } = setUp(gate.run, 30);
  void loop.trigger();
  clock.jump(3 * 30_000 + 120_000);
  assert.equal(loop.isOverdue(), false);
  clock.jump(1);
  assert.deepEqual([loop.isOverdue(), loop.isHung()], [true, true]);
  await gate.endRound();
  assert.deepEqual([loop.isOverdue(), loop.isHung()], [false, false]);
});

test("a loop of which every round fails is overdue and does not hang, and what failed is handed over each time", async () => {
  let isBroken = true;
  const { loop, clock, failures } = setUp(async () => {
    if (isBroken) throw new Error("boom");
  });
  const stop = new AbortController();
  loop.schedule(stop.signal);
  await clock.advance(3 * 30_000 + 120_001);
  assert.deepEqual([loop.isOverdue(), loop.isHung()], [true, false]);
  assert.deepEqual([loop.rounds, loop.failures, failures.length], [7, 7, 7]);
  assert.equal(loop.lagSeconds(), 180);
  isBroken = false;
  await clock.advance(30_000);
  assert.deepEqual([loop.isOverdue(), loop.failures], [false, 7]);
  stop.abort();
});

test("a round of a rare loop hangs after ten minutes, and is not overdue between its rounds", async () => {
  const gate = createGate();
  const { loop, clock } = setUp(gate.run, 86_400);
  clock.jump(86_400_000);
  assert.deepEqual([loop.isOverdue(), loop.isHung()], [false, false]);
  void loop.trigger();
  clock.jump(600_001);
  assert.deepEqual([loop.isOverdue(), loop.isHung()], [true, true]);
  await gate.endRound();
});

test("a loop that is scheduled after the agent's end never runs", async () => {
  let rounds = 0;
  const { loop, clock } = setUp(async () => {
    rounds += 1;
  }, 1);
  loop.schedule(AbortSignal.abort());
  await clock.advance(5000);
  assert.equal(rounds, 0);
});

test("a round that is asked for later comes then, and not after the end", async () => {
  let rounds = 0;
  const { loop, clock } = setUp(async () => {
    rounds += 1;
  });
  const stop = new AbortController();
  loop.schedule(stop.signal);
  loop.triggerAfter(5000);
  await clock.advance(4999);
  assert.equal(rounds, 0);
  await clock.advance(1);
  assert.equal(rounds, 1);
  loop.triggerAfter(5000);
  stop.abort();
  await clock.advance(10_000);
  assert.equal(rounds, 1);
});

test("after the end no round begins, and the one that runs is waited for", async () => {
  const gate = createGate();
  const { loop } = setUp(gate.run);
  const stop = new AbortController();
  void loop.start(stop.signal);
  stop.abort();
  let hasEnded = false;
  const ended = loop.ended().then(() => {
    hasEnded = true;
  });
  await settle();
  assert.equal(hasEnded, false);
  await gate.endRound();
  await ended;
  await loop.trigger();
  assert.equal(gate.rounds(), 1);
});
