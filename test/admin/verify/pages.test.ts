// Every row that the program has is in the page, with what it tries.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROW_NAMES } from "../../../agent/admin/verify/row.ts";

test("the page's table has the rows, in the order of the report", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/how-to/verify.md"), "utf8");
  assert.deepEqual(
    Array.from(page.matchAll(/^\| `([a-z-]+)` \|/gm), ([, name]) => name),
    ROW_NAMES,
  );
});
