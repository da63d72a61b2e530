import assert from "node:assert/strict";
import { test } from "node:test";
import { createBoardReport } from "../../agent/board/board-report.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

function setUp() {
  const clock = new MemoryClock();
  const board = createBoard(createMemoryLog().log, clock);
  const report = createBoardReport(board);
  const sampleOf = (name: string, labels: object = {}) =>
    report
      .metrics()
      .find((family) => family.name === `eks_satellite_${name}`)
      ?.samples()
      .find((sample) => Object.entries(labels).every(([key, value]) => sample.labels?.[key] === value))?.value;
  return { clock, board, report, sampleOf };
}

test("a failure is shown as condition, root cause, verdict and metric", () => {
  const { board, report, sampleOf } = setUp();
  board.set("DiskAvailable", { status: "False", reason: "DiskFull", message: "full", hint: "df -h" });
  const { verdict, rootCauses, conditions } = report.status();
  assert.deepEqual([verdict.ready, verdict.reason, verdict.hint], [false, "DiskFull", "df -h"]);
  assert.deepEqual(rootCauses, ["DiskAvailable"]);
  assert.equal(conditions.find(({ type }) => type === "DiskAvailable")?.reason, "DiskFull");
  assert.equal(sampleOf("ready"), 0);
  assert.equal(sampleOf("condition", { type: "DiskAvailable", status: "False" }), 1);
  assert.equal(sampleOf("condition", { type: "DiskAvailable", status: "True" }), 0);
});

test("a report that contradicts a true condition is shown as pending, with its own time", async () => {
  const { clock, board, report } = setUp();
  board.setTrue("DnsWorking", "Resolved", "ok");
  await clock.advance(60_000);
  board.set("DnsWorking", { status: "False", reason: "DnsFailed", message: "no answer" });
  const condition = report.status().conditions.find(({ type }) => type === "DnsWorking");
  assert.deepEqual([condition?.status, condition?.pending?.reason], ["True", "DnsFailed"]);
  assert.equal(Date.parse(condition?.pending?.since ?? "") - Date.parse(condition?.since ?? ""), 60_000);
});
