import assert from "node:assert/strict";
import { test } from "node:test";
import { ConditionBoard } from "../agent/conditions.ts";
import { SatelliteError } from "../agent/errors.ts";
import { createMemoryLog } from "./fakes/memory-log.ts";

function setUp() {
  let nowMs = 1000;
  const { log, lines } = createMemoryLog();
  const board = new ConditionBoard(log, () => nowMs);
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

test("since moves when the status does, not with every report", () => {
  const { board, pass } = setUp();
  pass(500);
  board.setTrue("NodeReady", "Ready", "one");
  pass(500);
  board.setTrue("NodeReady", "Ready", "two");
  assert.deepEqual([board.get("NodeReady").sinceMs, board.get("NodeReady").message], [1500, "two"]);
  pass(500);
  board.set("NodeReady", down);
  assert.equal(board.get("NodeReady").sinceMs, 2500);
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
