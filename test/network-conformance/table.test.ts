import assert from "node:assert/strict";
import { test } from "node:test";
import { renderProblems, renderTable } from "./table.ts";

const cells = [
  { row: "pod → API", column: "before" },
  { row: "pod → API", column: "after a reboot", problem: "asked: wget\nexpected: /1/\ncame: nothing" },
  { row: "echo requests", column: "before", text: "0 of 50 lost" },
];

test("a table has a line for each row, and says which cell passed, failed, or was not asked", () => {
  assert.equal(
    renderTable(["pod → API", "echo requests"], ["before", "after a reboot"], cells),
    [
      "               before        after a reboot",
      "pod → API      ok            FAILED",
      "echo requests  0 of 50 lost  not asked",
      "",
    ].join("\n"),
  );
});

test("each failure stands below it in full", () => {
  assert.equal(
    renderProblems(cells),
    "✗ pod → API, after a reboot\n    asked: wget\n    expected: /1/\n    came: nothing\n",
  );
  assert.equal(renderProblems([]), "");
});
