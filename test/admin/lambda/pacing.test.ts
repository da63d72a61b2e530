import assert from "node:assert/strict";
import { test } from "node:test";
import { pauseAfter } from "../../../agent/admin/lambda/pacing.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const after = (retryAfter: string | undefined, serverTimeMs: number | undefined = NOW_MS) =>
  pauseAfter({ status: 429, body: "", retryAfter, serverTimeMs }, 1);

for (const [what, header, pause] of [
  ["seconds", "30", { pauseMs: 30_000 }],
  ["no second", "0", { pauseMs: 0 }],
  ["a date", "Fri, 02 Jan 2026 03:04:25 GMT", { pauseMs: 20_000 }],
  ["a date that is over", "Fri, 02 Jan 2026 03:04:00 GMT", { pauseMs: 0 }],
  ["an hour", "3600", { problem: "it wants a pause of 3600 s" }],
  ["a year", "Sat, 02 Jan 2027 03:04:05 GMT", { problem: "it wants a pause of 31536000 s" }],
  ["nothing", undefined, { pauseMs: 5000 }],
  ["words", "soon", { pauseMs: 5000 }],
  ["a negative number", "-5", { pauseMs: 5000 }],
  ["a text without end", "9".repeat(1000), { pauseMs: 5000 }],
] as const)
  test(`Retry-After with ${what}`, () => assert.deepEqual(after(header), pause));

test("a date is one of the server's clock, and means nothing without it", () => {
  assert.deepEqual(after("Fri, 02 Jan 2026 03:04:25 GMT", NOW_MS + 15_000), { pauseMs: 5000 });
  const withoutDate = { status: 429, body: "", retryAfter: "Fri, 02 Jan 2026 03:04:25 GMT" };
  assert.deepEqual(pauseAfter(withoutDate, 1), { pauseMs: 5000 });
});

test("Retry-After makes no request go on for ever", () => {
  assert.ok("problem" in pauseAfter({ status: 429, body: "", retryAfter: "1" }, 6));
});
