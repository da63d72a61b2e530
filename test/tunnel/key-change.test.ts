import assert from "node:assert/strict";
import { test } from "node:test";
import { keyChangeUrl, readConsent } from "../../agent/tunnel/key-change.ts";

test("a key's + and = survive the query", () => {
  const { searchParams, pathname } = new URL(keyChangeUrl("a+/b="), "http://x");
  assert.deepEqual([pathname, searchParams.get("key")], ["/key-change", "a+/b="]);
});

test("an earlier version's refusal is no refusal of this key, and anything else is no answer", () => {
  assert.deepEqual([200, 409, 404, 405, 500, 421, 302].map(readConsent), [
    "ready",
    "unknown",
    "unsupported",
    "unsupported",
    undefined,
    undefined,
    undefined,
  ]);
});
