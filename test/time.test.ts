import assert from "node:assert/strict";
import { test } from "node:test";
import { isoTime } from "../agent/time.ts";

test("a time is ISO 8601 in UTC, and one that is not known is undefined", () => {
  assert.equal(isoTime(Date.UTC(2026, 0, 2, 3, 4, 5)), "2026-01-02T03:04:05.000Z");
  for (const unknown of [undefined, Number.NaN, Number.POSITIVE_INFINITY]) assert.equal(isoTime(unknown), undefined);
});
