import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type LogFormat } from "../agent/log.ts";

function setUp(format: LogFormat = "journald") {
  let nowMs = 0;
  const lines: string[] = [];
  const due: { atMs: number; work: () => void }[] = [];
  const ends: (() => void)[] = [];
  const fold = {
    now: () => nowMs,
    atEnd: (work: () => void) => void ends.push(work),
    schedule: (work: () => void, ms: number) => void due.push({ atMs: nowMs + ms, work }),
  };
  const log = createLog({ level: "debug", format, fold }, (line) => void lines.push(line.trimEnd()));
  const pass = (ms: number) => {
    nowMs += ms;
    for (const timer of due.splice(0)) {
      if (timer.atMs <= nowMs) timer.work();
      else due.push(timer);
    }
  };
  const end = () => ends.forEach((work) => void work());
  const setClock = (ms: number) => {
    nowMs = ms;
  };
  return { log, lines, pass, end, due, setClock };
}

test("a line that comes again and again is written once and counted, also between others", () => {
  const { log, lines, pass } = setUp();
  for (let round = 0; round < 5; round += 1) {
    log.notice("kubelet: connection refused");
    log.notice("kubelet: no route");
    pass(1000);
  }
  assert.deepEqual(lines, ["<5>kubelet: connection refused", "<5>kubelet: no route"]);
  pass(60_000);
  assert.deepEqual(lines.slice(2), [
    "<5>kubelet: connection refused (4 more times in 65 s) repeated=4",
    "<5>kubelet: no route (4 more times in 65 s) repeated=4",
  ]);
});

test("another level, another field or another minute is another line", () => {
  const { log, lines, pass } = setUp();
  log.info({ pid: 1 }, "started");
  log.info({ pid: 2 }, "started");
  log.warn({ pid: 2 }, "started");
  pass(61_000);
  log.info({ pid: 1 }, "started");
  assert.equal(lines.length, 4);
});

test("as JSON too, where only the time differs", () => {
  const { log, lines, pass } = setUp("json");
  log.info("again");
  log.info("again");
  pass(60_000);
  assert.equal(lines.length, 2);
  const { repeated, level, msg } = JSON.parse(lines[1] ?? "");
  assert.deepEqual([repeated, level, msg], [1, "info", "again (1 more time in 60 s)"]);
});

test("what is remembered is bounded, and no count is lost", () => {
  const { log, lines, pass } = setUp();
  log.info("first");
  log.info("first");
  for (let number = 0; number < 200; number += 1) log.info(`line ${number}`);
  assert.ok(lines.includes("<6>first (1 more time in 0 s) repeated=1"));
  pass(60_000);
  assert.equal(lines.length, 202);
});

test("at the end what was counted is told", () => {
  const { log, lines, end } = setUp();
  for (let time = 0; time < 3; time += 1) log.info("again");
  end();
  end();
  assert.deepEqual(lines, ["<6>again", "<6>again (2 more times in 0 s) repeated=2"]);
});

test("a flood of different lines leaves one timer, so that what is forgotten is not kept by another", () => {
  const { log, lines, pass, due } = setUp();
  for (let number = 0; number < 5000; number += 1) log.notice(`kubelet: line ${number}`);
  assert.equal(due.length, 1);
  log.notice("kubelet: line 4999");
  pass(60_000);
  assert.equal(lines.at(-1), "<5>kubelet: line 4999 (1 more time in 60 s) repeated=1");
  pass(60_000);
  assert.equal(due.length, 0, "nothing is remembered, so nothing is due");
});

test("a line too long to remember is written each time", () => {
  const { log, lines, due } = setUp();
  for (let time = 0; time < 3; time += 1) log.notice("x".repeat(20_000));
  assert.equal(lines.length, 3);
  assert.equal(due.length, 0);
});

test("a clock that is set back or forward folds no line for longer", () => {
  for (const jumpMs of [-3_600_000, 3_600_000]) {
    const { log, lines, setClock } = setUp();
    setClock(7_200_000);
    log.info("again");
    setClock(7_200_000 + jumpMs);
    log.info("again");
    assert.equal(lines.length, 2, `${jumpMs} ms`);
  }
});

test("a count that a clock set back kept open is written after a minute at most", () => {
  const { log, lines, pass, setClock, due } = setUp();
  setClock(7_200_000);
  log.info("again");
  log.info("again");
  setClock(0);
  for (const timer of due) assert.ok(timer.atMs - 7_200_000 <= 60_000);
  due.splice(0).forEach(({ work }) => void work());
  assert.match(lines[1] ?? "", /again \(1 more time/);
  pass(1);
});
