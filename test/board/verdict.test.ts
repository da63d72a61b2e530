import assert from "node:assert/strict";
import { test } from "node:test";
import { CONDITION_TYPES } from "../../agent/board/condition-types.ts";
import { readVerdict } from "../../agent/board/verdict.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

function setUp() {
  const board = createBoard(createMemoryLog().log, new MemoryClock());
  for (const type of CONDITION_TYPES) board.setTrue(type, "Good", `${type} is good`);
  return board;
}

const bad = (message: string) => ({ status: "False", reason: "Bad", message, hint: `mend ${message}` }) as const;

test("everything true is ready and healthy, in the Node's own words", () => {
  assert.deepEqual(readVerdict(setUp()), {
    ready: true,
    healthy: true,
    reason: "Healthy",
    summary: "NodeReady is good",
  });
});

test("nothing looked at yet is joining, and neither ready nor healthy", () => {
  const board = createBoard(createMemoryLog().log, new MemoryClock());
  assert.deepEqual(readVerdict(board), {
    ready: false,
    healthy: false,
    reason: "Joining",
    summary: "joining the cluster",
  });
});

test("what is not critical leaves the node ready and not healthy, with its hint", () => {
  const board = setUp();
  board.set("NodeSchedulable", bad("cordoned"));
  const summary = "NodeSchedulable: cordoned";
  assert.deepEqual(readVerdict(board), { ready: true, healthy: false, reason: "Bad", summary, hint: "mend cordoned" });
});

test("of two root causes the one that keeps the node from its work is told", () => {
  const board = setUp();
  board.set("ConfigValid", bad("a misspelt key"));
  board.set("DiskAvailable", bad("a full disk"));
  const { ready, summary } = readVerdict(board);
  assert.deepEqual([ready, summary], [false, "DiskAvailable: a full disk"]);
});

test("what could not be looked at is not ready, though nothing is false", () => {
  const board = setUp();
  board.set("DiskAvailable", { status: "Unknown", reason: "Starting", message: "" });
  assert.deepEqual([readVerdict(board).ready, readVerdict(board).healthy], [false, false]);
});
