import assert from "node:assert/strict";
import { test } from "node:test";
import { ConditionBoard } from "../../agent/board/conditions.ts";
import { SatelliteError } from "../../agent/errors.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

function setUp() {
  let nowMs = 1000;
  const { log, lines } = createMemoryLog();
  const board = new ConditionBoard({ log, now: () => nowMs, sleep: () => new Promise(() => undefined) });
  const said = () => lines.map(({ level, condition, msg }) => `${level} ${condition} ${msg}`);
  return {
    board,
    lines,
    said,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const down = { status: "False", reason: "Down", message: "down" } as const;

test("before anybody has looked everything is unknown, and nothing is wrong", () => {
  const { board } = setUp();
  assert.ok(board.list().length >= 6);
  assert.ok(board.list().every(({ status }) => status === "Unknown"));
  assert.deepEqual(board.rootCauses(), []);
});

test("what the configuration makes critical is, beside what always is", () => {
  const { log } = createMemoryLog();
  const board = new ConditionBoard({ log, now: () => 0, sleep: async () => undefined, critical: ["GpuHealthy"] });
  board.setTrue("GpuHealthy", "Healthy", "no fault");
  assert.deepEqual(
    (["GpuHealthy", "GpuDriver", "NodeReady"] as const).map((type) => board.get(type).isCritical),
    [true, false, true],
  );
});

test("a quiet report is on the board and in no line; a failure after it is told, and its quiet end is not", () => {
  const { board, said } = setUp();
  const quiet = { status: "True", reason: "NoGpu", message: "no GPU", isQuiet: true } as const;
  board.set("GpuHealthy", quiet);
  assert.deepEqual([board.get("GpuHealthy").reason, said()], ["NoGpu", []]);
  assert.ok(!("isQuiet" in board.get("GpuHealthy")));
  board.set("GpuHealthy", down);
  board.set("GpuHealthy", quiet);
  assert.deepEqual(said(), ["warn GpuHealthy down"]);
});

test("since moves when the status does, not with every report", () => {
  const { board, pass } = setUp();
  pass(500);
  board.setTrue("NodeReady", "Ready", "one");
  pass(500);
  board.setTrue("NodeReady", "Ready", "two");
  assert.deepEqual([board.get("NodeReady").sinceMs, board.get("NodeReady").message], [1500, "two"]);
  pass(500);
  board.set("ConfigInSync", down);
  pass(500);
  board.set("ConfigInSync", { ...down, message: "still down" });
  assert.equal(board.get("ConfigInSync").sinceMs, 2500);
});

test("a change of status or reason is logged once; the same news again is not", () => {
  const { board, said } = setUp();
  board.setTrue("RuntimeReady", "Ready", "up");
  board.setTrue("RuntimeReady", "Ready", "up, and 3 containers");
  board.setTrue("RuntimeReady", "Slow", "slow");
  assert.deepEqual(said(), ["info RuntimeReady up", "info RuntimeReady slow"]);
});

test("a failure's code becomes the reason, its hint stays", () => {
  const { board, said } = setUp();
  board.setFailed("ClusterKnown", new SatelliteError("cluster-not-found", "no cluster", { hint: "Check the region." }));
  const { status, reason, hint } = board.get("ClusterKnown");
  assert.deepEqual([status, reason, hint], ["False", "ClusterNotFound", "Check the region."]);
  assert.deepEqual(said(), ["warn ClusterKnown no cluster → Check the region."]);
  board.setTrue("ClusterKnown", "Described", "found");
  assert.equal(board.get("ClusterKnown").hint, undefined);
});

test("the root cause is the false condition that no other explains", () => {
  const { board } = setUp();
  board.set("NodeReady", down);
  board.set("KubeletRunning", down);
  assert.deepEqual(
    board.rootCauses().map(({ type }) => type),
    ["KubeletRunning"],
  );
  board.set("CredentialsFresh", down);
  assert.deepEqual(
    board.rootCauses().map(({ type }) => type),
    ["CredentialsFresh"],
  );
  board.set("ConfigInSync", down);
  assert.deepEqual(
    board.rootCauses().map(({ type }) => type),
    ["CredentialsFresh", "ConfigInSync"],
  );
});

test("a cause explains also what depends on it through a condition that nobody has looked at", () => {
  const { board } = setUp();
  board.set("CredentialsFresh", down);
  board.set("KubeletRunning", down);
  assert.equal(board.get("ClusterKnown").status, "Unknown");
  assert.deepEqual(
    board.rootCauses().map(({ type }) => type),
    ["CredentialsFresh"],
  );
});

test("only a root cause is a warning; what follows from one is told at info", () => {
  const { board, said } = setUp();
  board.set("RuntimeReady", down);
  board.set("KubeletRunning", down);
  board.set("NodeReady", down);
  assert.deepEqual(said(), ["warn RuntimeReady down", "info KubeletRunning down", "info NodeReady down"]);
});

function setUpOnClock() {
  const clock = new MemoryClock();
  const { log, messages } = createMemoryLog();
  const pending: string[] = [];
  const changes: string[] = [];
  const board = new ConditionBoard({
    log,
    now: clock.now,
    sleep: clock.sleep,
    emit: (event) => {
      if (event.kind === "condition-pending") pending.push(event.type);
      else changes.push(`${event.condition.type} ${event.condition.status}${event.isRootCause ? " root" : ""}`);
    },
  });
  return { clock, board, messages, pending, changes };
}

test("a true condition turns only when it was contradicted for its time, and what mends itself is not worth a word", async () => {
  const { clock, board, messages, pending } = setUpOnClock();
  board.setTrue("RuntimeReady", "Ready", "up");
  board.set("RuntimeReady", down);
  await clock.advance(9000);
  assert.deepEqual(
    [board.isTrue("RuntimeReady"), board.isFailing("RuntimeReady"), pending],
    [true, true, ["RuntimeReady"]],
  );
  board.setTrue("RuntimeReady", "Ready", "up");
  await clock.advance(60_000);
  assert.deepEqual([board.isTrue("RuntimeReady"), messages("warn")], [true, []]);
});

test("a contradiction that lasts turns the condition with its newest words; an earlier one that ended does not count", async () => {
  const { clock, board, messages, changes } = setUpOnClock();
  board.setTrue("RuntimeReady", "Ready", "up");
  board.set("RuntimeReady", down);
  await clock.advance(8000);
  board.setTrue("RuntimeReady", "Ready", "up");
  board.set("RuntimeReady", down);
  await clock.advance(5000);
  assert.equal(board.isTrue("RuntimeReady"), true);
  board.set("RuntimeReady", { ...down, message: "down for good" });
  await clock.advance(5000);
  assert.deepEqual([board.get("RuntimeReady").status, messages("warn")], ["False", ["down for good"]]);
  assert.deepEqual(changes, ["RuntimeReady True", "RuntimeReady False root"]);
});

test("a consequence is not shouted while its cause is only about to turn, and is when the cause was none", async () => {
  const { clock, board, messages } = setUpOnClock();
  for (const type of ["DnsWorking", "NodeReady"] as const) board.setTrue(type, "Good", "good");
  board.set("DnsWorking", down);
  board.set("ApiReachable", { ...down, message: "no answer" });
  assert.deepEqual([messages("warn"), board.rootCauses()], [[], []]);
  await clock.advance(1000);
  board.setTrue("DnsWorking", "Good", "good");
  assert.deepEqual(messages("warn"), [], "it may end by itself, as its cause did");
  await clock.advance(15_000);
  assert.deepEqual(messages("warn"), ["no answer"]);
});

test("what ends soon after its cause is never shouted; what comes later by itself is, at once", async () => {
  const { clock, board, messages, changes } = setUpOnClock();
  board.set("DnsWorking", down);
  board.set("ApiReachable", down);
  board.setTrue("DnsWorking", "Good", "good");
  await clock.advance(5000);
  board.setTrue("ApiReachable", "Good", "good");
  await clock.advance(60_000);
  assert.deepEqual(
    [messages("warn"), changes.filter((change) => change.endsWith("root"))],
    [["down"], ["DnsWorking False root"]],
  );
  board.set("IdentityAccepted", { ...down, message: "a stranger" });
  assert.deepEqual(messages("warn"), ["down", "a stranger"]);
});

test("a failure that loses its cause twice has its time to follow twice", async () => {
  const { clock, board, messages } = setUpOnClock();
  const failTogether = () => {
    board.set("DnsWorking", down);
    board.set("ApiReachable", { ...down, message: "no answer" });
    board.setTrue("DnsWorking", "Good", "good");
  };
  failTogether();
  await clock.advance(10_000);
  board.setTrue("ApiReachable", "Good", "good");
  await clock.advance(15_000);
  board.set("DnsWorking", down);
  await clock.advance(15_000);
  board.set("ApiReachable", { ...down, message: "no answer" });
  await clock.advance(15_000);
  board.setTrue("DnsWorking", "Good", "good");
  await clock.advance(10_000);
  assert.deepEqual(messages("warn"), ["down", "down"]);
  await clock.advance(5000);
  assert.deepEqual(messages("warn"), ["down", "down", "no answer"]);
});

test("a cause that is true explains nothing, whatever stands behind it", () => {
  const { board } = setUpOnClock();
  board.set("ClusterDescribed", down);
  board.setTrue("ClusterKnown", "Outdated", "facts of yesterday");
  board.set("ApiReachable", down);
  assert.deepEqual(
    board.rootCauses().map(({ type }) => type),
    ["ClusterDescribed", "ApiReachable"],
  );
});
