import assert from "node:assert/strict";
import { test } from "node:test";
import { optional } from "../agent/optional.ts";

test("a property that is undefined is left out, and every other value stays", () => {
  const hint: string | undefined = undefined;
  const found = { code: "a", ...optional({ hint, count: 0, text: "", flag: false, nothing: null }) };
  assert.deepEqual(found, { code: "a", count: 0, text: "", flag: false, nothing: null });
  assert.equal("hint" in found, false);
});
