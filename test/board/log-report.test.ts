import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogReport } from "../../agent/board/log-report.ts";

test("lost lines are counted, and none are while the log is written elsewhere", () => {
  let lost = 0;
  const lostLinesOf = (output?: { lostLines: () => number }) =>
    createLogReport(output).metrics()[0]?.samples()[0]?.value;
  const output = { lostLines: () => lost };
  assert.deepEqual([lostLinesOf(output), lostLinesOf()], [0, 0]);
  lost = 7;
  assert.equal(lostLinesOf(output), 7);
});
