import assert from "node:assert/strict";
import { test } from "node:test";
import { EventRing } from "../../agent/board/events.ts";

test("the newest fifty events are kept, oldest first, and the last ten warnings are repeated", () => {
  let nowMs = Date.UTC(2026, 0, 2);
  const ring = new EventRing(() => nowMs);
  for (let number = 0; number < 60; number += 1) {
    ring.record(number % 2 === 0 ? "Normal" : "Warning", `Reason${number}`, `message ${number}`);
    nowMs += 1000;
  }
  const { events, lastErrors } = ring.status();
  assert.equal(events.length, 50);
  assert.deepEqual(events[0], {
    at: "2026-01-02T00:00:10.000Z",
    type: "Normal",
    reason: "Reason10",
    message: "message 10",
  });
  assert.deepEqual(
    lastErrors.map(({ reason }) => reason),
    [41, 43, 45, 47, 49, 51, 53, 55, 57, 59].map((number) => `Reason${number}`),
  );
});
