// The table of what can hang: each test that it names is there, and each condition and reason is the program's.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CONDITION_TYPES } from "../../agent/board/condition-types.ts";
import { TOP } from "./markdown.ts";
import { readCodes, readReasons, toReason } from "./reasons.ts";

const page = readFileSync(join(TOP, "docs/explanation/hangs.md"), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
  .slice(1)
  .map((line) => line.slice(2, -2).split(" | "));

test("each row has what hangs, its bound, its remedy, what says so, and a test", () => {
  assert.ok(rows.length > 15);
  for (const row of rows) {
    assert.equal(row.length, 5, row[0]);
    for (const cell of row) assert.ok(cell.trim() !== "", row[0]);
  }
});

for (const [what = "", , , said = "", proof = ""] of rows) {
  test(`${what}: the test that holds it is there`, () => {
    const [, path = "", name = ""] = /^\[[\w-]+\]\(\.\.\/\.\.\/(test\/\S+)\): "(.+)"$/.exec(proof) ?? [];
    assert.ok(path !== "", proof);
    assert.ok(readFileSync(join(TOP, path), "utf8").includes(name), `${path} has no test "${name}"`);
  });

  test(`${what}: what says so is a condition with a reason, a metric or another output`, () => {
    const words = Array.from(said.matchAll(/`([A-Z]\w+)`/g), ([, word = ""]) => word);
    const known: readonly string[] = [...CONDITION_TYPES, ...readReasons(), ...readCodes().map(toReason)];
    assert.deepEqual(
      words.filter((word) => !known.includes(word)),
      [],
    );
  });
}
