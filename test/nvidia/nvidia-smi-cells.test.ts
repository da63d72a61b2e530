// Cells of nvidia-smi: what the product does not have, what the driver could not read, and values in the words of every version.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readFlag, readNumber, readText, stateOf } from "../../agent/nvidia/nvidia-smi-cells.ts";

test("a cell says that the product does not have the value", () => {
  for (const cell of [
    ...["[N/A]", "N/A", "[Not Supported]", "Not Supported", "[Not Found]", "[Function Not Found]", "", "-"],
    ...["[Insufficient Permissions]", "[No Data]", "[Deprecated]", "[Requested functionality has been deprecated]"],
    undefined,
  ])
    assert.equal(stateOf(cell), "unsupported", cell);
});

test("a cell says that the driver could not read the value", () => {
  for (const cell of [
    ...["[Unknown Error]", "Unknown Error", "unknown error", "ERR!", "[ERR!]", "Error", "[Timeout]"],
    ...[
      "[GPU is lost]",
      "[GPU requires reset]",
      "[Interrupt Request Issue]",
      "[Uninitialized]",
      "[a word of a later version]",
    ],
  ])
    assert.equal(stateOf(cell), "unreadable", cell);
});

test("everything else is a value", () => {
  for (const cell of ["0", "31", "Enabled", "NVIDIA A10", "0x0000000000000001", "None", "No"])
    assert.equal(stateOf(cell), "value", cell);
  assert.equal(readText("[N/A]"), undefined);
  assert.equal(readText("x".repeat(1000))?.length, 200);
});

test("a flag is read from words and from numbers", () => {
  for (const cell of ["Yes", "yes", "YES", "1", "2", "True", "Enabled", "Active", "On", "Pending"])
    assert.equal(readFlag(cell), true, cell);
  for (const cell of ["No", "no", "0", "False", "Disabled", "Not Active", "Inactive", "Off", "None"])
    assert.equal(readFlag(cell), false, cell);
  for (const cell of ["[N/A]", "ERR!", "[Unknown Error]", "", "perhaps", undefined])
    assert.equal(readFlag(cell), undefined, cell);
});

test("a number is read with and without its unit, and nothing else is a number", () => {
  const numbers = [
    "31",
    "52.31",
    "52.31 W",
    "23028 MiB",
    "0 %",
    "-3 C",
    "1e9",
    "0x10",
    "31 32",
    "[N/A]",
    "",
    undefined,
  ];
  assert.deepEqual(numbers.map(readNumber), [
    ...[31, 52.31, 52.31, 23_028, 0, -3],
    ...[undefined, undefined, undefined, undefined, undefined, undefined],
  ]);
});
