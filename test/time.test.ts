import assert from "node:assert/strict";
import { test } from "node:test";
import { isoTime, localTime, renderDuration } from "../agent/time.ts";

test("a time is ISO 8601 in UTC, and one that is not known is undefined", () => {
  assert.equal(isoTime(Date.UTC(2026, 0, 2, 3, 4, 5)), "2026-01-02T03:04:05.000Z");
  for (const unknown of [undefined, Number.NaN, Number.POSITIVE_INFINITY]) assert.equal(isoTime(unknown), undefined);
});

test("a duration has one unit, of which there is more than one where it can be", () => {
  const seconds = [-5, 0, 59, 60, 3599, 3600, 172_799, 172_800];
  assert.deepEqual(
    seconds.map((each) => renderDuration(each * 1000)),
    ["0s", "0s", "59s", "1m", "59m", "1h", "47h", "2d"],
  );
});

const ZONES: readonly (readonly [zone: string, shown: string])[] = [
  ["UTC", "2026-01-02 03:04:05Z"],
  ["Europe/Berlin", "2026-01-02 04:04:05 +01:00 (03:04:05Z)"],
  ["America/St_Johns", "2026-01-01 23:34:05 -03:30 (03:04:05Z)"],
];
for (const [zone, shown] of ZONES)
  test(`in ${zone} a time is the machine's own, with UTC where it differs`, (context) => {
    const before = process.env.TZ;
    context.after(() => {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    });
    process.env.TZ = zone;
    assert.equal(localTime(Date.UTC(2026, 0, 2, 3, 4, 5)), shown);
  });
