import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type SessionTimes,
  sessionMetrics,
  sessionStatus,
  timeInWords,
} from "../../agent/credentials/session-report.ts";

const NONE: SessionTimes = { keys: undefined, renewAtMs: 0, token: undefined, certificateExpiresAtMs: undefined };
const AT = Date.UTC(2026, 0, 2, 3, 4, 5);
const ISO = "2026-01-02T03:04:05.000Z";

test("without keys the status has no times, and the metrics have no samples", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(sessionStatus(NONE))), { credentials: {} });
  assert.deepEqual(
    sessionMetrics(NONE).map((family) => family.samples()),
    [[], [], []],
  );
});

test("times are ISO 8601 in the status, and seconds in the metrics", () => {
  const session = { keys: { expiresAtMs: AT }, renewAtMs: AT, token: { expiresAtMs: AT }, certificateExpiresAtMs: AT };
  assert.deepEqual(sessionStatus(session).credentials, {
    ...{ keysExpireAt: ISO, keysRenewAt: ISO, tokenExpiresAt: ISO, certificateExpiresAt: ISO },
  });
  assert.deepEqual(
    sessionMetrics(session).map((family) => family.samples()[0]?.value),
    [AT / 1000, AT / 1000, AT / 1000],
  );
});

test("a sentence can name an unknown time", () => {
  assert.deepEqual([timeInWords(AT), timeInWords(undefined)], [ISO, "an unknown time"]);
});
