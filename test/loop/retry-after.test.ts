import assert from "node:assert/strict";
import { test } from "node:test";
import { readRetryAfterMs } from "../../agent/loop/retry-after.ts";

const serverTimeMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const read = (retryAfter: string | undefined) => readRetryAfterMs({ retryAfter, serverTimeMs });

test("seconds are read, and a date is compared with the server's own clock", () => {
  assert.deepEqual([read("0"), read(" 7 "), read("120")], [0, 7000, 120_000]);
  assert.equal(read("Fri, 02 Jan 2026 03:04:35 GMT"), 30_000);
  assert.equal(read("Fri, 02 Jan 2026 03:00:00 GMT"), 0);
  assert.equal(readRetryAfterMs({ retryAfter: "Fri, 02 Jan 2026 03:04:35 GMT" }), undefined);
});

test("what is no time is none", () => {
  for (const text of [undefined, "", "soon", "-3", "1.5", "9999999999", "Mon, never", `${" ".repeat(1e6)}1`])
    assert.equal(read(text), undefined);
});
