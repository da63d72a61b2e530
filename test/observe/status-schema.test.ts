import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { renderStatusSchema } from "../../scripts/render-status-schema.ts";

test("status.schema.json is what the schema renders", () => {
  const file = new URL("../../agent/observe/status.schema.json", import.meta.url);
  assert.equal(readFileSync(file, "utf8"), renderStatusSchema(), "run node scripts/render-status-schema.ts");
});
