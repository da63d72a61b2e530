import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../../agent/history/entry.ts";
import { renderShown, toTimeline } from "../../agent/history/timeline.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 2, 3, 0, 0);

/** @param seconds since the machine's start, which is at {@link START} */
function entry(seconds: number, changes: Partial<Entry>): Entry {
  const up = seconds * 1000;
  return { at: START + up, up, boot: "one", kind: "event", name: "Repaired", message: "", ...changes };
}

const failed = (seconds: number, changes: Partial<Entry> = {}) =>
  entry(seconds, { kind: "condition", name: "NodeReady", status: "False", reason: "Away", ...changes });
const mended = (seconds: number, changes: Partial<Entry> = {}) => failed(seconds, { status: "True", ...changes });

test("a failure that ends says how long it lasted, whatever reasons it had meanwhile", () => {
  const shown = toTimeline([
    failed(10),
    failed(15, { name: "TunnelUp" }),
    failed(20, { reason: "Else" }),
    mended(70),
    mended(80),
  ]);
  assert.deepEqual(
    shown.map(({ lastedMs }) => lastedMs),
    [undefined, undefined, undefined, 60_000, undefined],
  );
});

test("a clock that was set back in between disorders nothing: dates are by the clock as it is set now", () => {
  const wrong = 5 * HOUR;
  const entries = [failed(10, { at: START + 10_000 + wrong }), entry(20, { kind: "clock", name: "clock" }), mended(70)];
  const shown = toTimeline(entries, { at: START + 100_000, boot: "one", up: 100_000 });
  assert.deepEqual(
    shown.map(({ atMs }) => atMs - START),
    [10_000, 20_000, 70_000],
  );
  assert.equal(shown[2]?.lastedMs, 60_000);
  assert.equal(renderShown(shown)[0]?.recordedAt, new Date(START + 10_000 + wrong).toISOString());
  assert.equal(renderShown(shown)[2]?.recordedAt, undefined);
});

test("an earlier run of the machine is dated by the last that it wrote", () => {
  const entries = [
    entry(5, { at: 5000, kind: "start", boot: "zero" }),
    entry(60, { boot: "zero" }),
    entry(1, { at: START + 10 * HOUR, kind: "start", boot: "one" }),
  ];
  const shown = toTimeline(entries, { at: START + 10 * HOUR, boot: "one", up: 1000 });
  assert.equal(shown[0]?.atMs, START + 5000, "its clock began at 1970, and was set");
});

test("without the machine's age dates are as they were written", () => {
  const { up: _, ...old } = entry(10, {});
  assert.equal(toTimeline([old], { at: 0, boot: "one" })[0]?.atMs, START + 10_000);
});

test("a start says whether the machine was booted, whether the run before ended in order, and after how long", () => {
  const start = (seconds: number, changes: Partial<Entry>) =>
    entry(seconds, { kind: "start", name: "1.0", pid: 7, ...changes });
  const stop = (seconds: number) => entry(seconds, { kind: "stop", name: "1.0" });
  const shown = toTimeline([
    start(0, {}),
    stop(100),
    start(100, {}),
    entry(110, {}),
    start(130, { pid: 8 }),
    start(5, { at: START + HOUR, boot: "two", pid: 7 }),
  ]);
  const starts = shown.filter(({ kind }) => kind === "start");
  assert.deepEqual(
    starts.map(({ isBoot, isUnexpected, isSameProcess, lastedMs }) => [isBoot, isUnexpected, isSameProcess, lastedMs]),
    [
      [undefined, undefined, undefined, undefined],
      [false, false, true, 0],
      [false, true, false, 20_000],
      [true, true, false, HOUR - 130_000],
    ],
  );
  assert.equal(shown[1]?.lastedMs, 100_000);
});

test("an upgrade lasts from its begin to its end, back or forward", () => {
  const shown = toTimeline([
    entry(0, { name: "KubeletUpgrading" }),
    entry(50, { name: "KubeletUpgraded" }),
    entry(100, { name: "KubeletUpgrading" }),
    entry(400, { name: "KubeletRolledBack" }),
  ]);
  assert.deepEqual(
    shown.map(({ lastedMs }) => lastedMs),
    [undefined, 50_000, undefined, 300_000],
  );
});

test("a failure at the end of one run is not that which the next one sees end", () => {
  const shown = toTimeline([failed(10), entry(20, { kind: "start" }), mended(30)]);
  assert.equal(shown[2]?.lastedMs, undefined);
});
