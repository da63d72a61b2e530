import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { validate } from "node-cron";
import { cronExpression, Loop } from "../../agent/loop/loop.ts";
import { MemoryClock, settle } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

function setUp(run: () => Promise<void>, everySeconds = 30) {
  const { log, lines } = createMemoryLog();
  let nowMs = 0;
  const clock = new MemoryClock();
  const loop = new Loop({
    name: "test",
    everySeconds,
    run,
    log,
    now: () => nowMs,
    sleep: clock.sleep,
    random: () => 0,
  });
  return { loop, lines, clock, jump: (ms: number) => (nowMs += ms) };
}

/** A round that a test ends by hand. */
function createGate() {
  const opened: (() => void)[] = [];
  return {
    rounds: () => opened.length,
    run: () => new Promise<void>((resolve) => opened.push(resolve)),
    endRound: async () => {
      opened.at(-1)?.();
      await settle();
    },
  };
}

/** Seconds of the minute in which a field `first-last/step` is due. */
function secondsOf(expression: string): readonly number[] {
  const [, first = 0, last = 0, step = 1] = (/^(\d+)-(\d+)\/(\d+) /.exec(expression) ?? []).map(Number);
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
}

test("a period below a minute is a cron expression with equal gaps, never longer than asked for", () => {
  for (let everySeconds = 1; everySeconds < 60; everySeconds += 1) {
    for (const share of [0, 0.37, 0.999]) {
      const expression = cronExpression(everySeconds, share);
      assert.ok(validate(expression), expression);
      const seconds = secondsOf(expression);
      const gaps = seconds.map((second, index) => (seconds[index + 1] ?? (seconds[0] ?? 0) + 60) - second);
      assert.equal(new Set(gaps).size, 1, `${everySeconds} s: ${expression}`);
      assert.ok((gaps[0] ?? 0) <= everySeconds && (gaps[0] ?? 0) > everySeconds / 2, expression);
    }
  }
});

test("longer periods are whole minutes and hours, shifted by a share of the unit", () => {
  assert.equal(cronExpression(300, 0), "0 0-59/5 * * * *");
  assert.equal(cronExpression(600, 0.5), "30 5-59/10 * * * *");
  assert.equal(cronExpression(60, 0.5), "30 0-59/1 * * * *");
  assert.equal(cronExpression(3600, 0.5), "30 30 0-23/1 * * *");
  assert.equal(cronExpression(86_400, 0.5), "30 30 12-23/24 * * *");
  for (const seconds of [61, 599, 3599, 7200, 20_000, 86_400])
    for (const share of [0, 0.999]) assert.ok(validate(cronExpression(seconds, share)), `${seconds} ${share}`);
});

test("starting runs a round at once, and one each period until the signal aborts", async (context: TestContext) => {
  context.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.UTC(2026, 0, 2, 3, 4, 5) });
  const times: number[] = [];
  const stop = new AbortController();
  const { loop } = setUp(async () => void times.push(Date.now() / 1000));
  await loop.start(stop.signal);
  for (let second = 0; second < 90; second += 1) {
    context.mock.timers.tick(1000);
    await settle();
  }
  const gaps = times.slice(1).map((time, index) => Math.round(time - (times[index] ?? 0)));
  assert.deepEqual(gaps, [25, 30, 30], "at once at 03:04:05, then at :30 and :00");
  stop.abort();
  context.mock.timers.tick(120_000);
  await settle();
  assert.equal(times.length, 4);
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
  const { loop, jump } = setUp(gate.run, 30);
  void loop.trigger();
  jump(3 * 30_000 + 120_000);
  assert.equal(loop.isOverdue(), false);
  jump(1);
  assert.equal(loop.isOverdue(), true);
  await gate.endRound();
  assert.equal(loop.isOverdue(), false);
});

test("a loop that is scheduled after the agent's end never runs, and keeps no process alive", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  let rounds = 0;
  const { loop } = setUp(async () => {
    rounds += 1;
  }, 1);
  loop.schedule(AbortSignal.abort());
  context.mock.timers.tick(5000);
  await settle();
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
