import assert from "node:assert/strict";
import { test } from "node:test";
import { whyDue } from "../../agent/fitness/due.ts";

const HOUR_MS = 60 * 60_000;
const MACHINE = { version: "1.0.0", kernel: "6.8.0-60-generic", driver: "550.54.15" };
const NOW_MS = Date.parse("2026-01-02T03:04:05Z");

function setUp(fail = 0) {
  const summary = { ok: 41, warn: 1, fail, pending: 0, unknown: 0 };
  const record = { atMs: NOW_MS, node: "gpu-1", machine: MACHINE, summary, findings: [] };
  const need = { node: "gpu-1", machine: MACHINE, nowMs: NOW_MS };
  return { record, need };
}

test("a machine that joins is checked, and one that joins under another name", () => {
  const { record, need } = setUp();
  assert.equal(whyDue(undefined, need), "Node gpu-1 has not been checked");
  assert.equal(whyDue(record, { ...need, node: "gpu-2" }), "Node gpu-2 has not been checked");
  assert.equal(whyDue(record, need), undefined);
});

test("another version, kernel or driver makes a check due, a driver that has gone, too", () => {
  const { record, need } = setUp();
  const why = (change: object) => whyDue(record, { ...need, machine: { ...MACHINE, ...change } });
  assert.equal(why({ version: "1.1.0" }), "eks-satellite was 1.0.0 and is 1.1.0");
  assert.equal(why({ kernel: "6.8.0-61-generic" }), "the kernel was 6.8.0-60-generic and is 6.8.0-61-generic");
  assert.equal(why({ driver: undefined }), "NVIDIA's driver was 550.54.15 and is absent");
});

test("what failed is checked again after six hours, and what did not is not", () => {
  const [bad, good] = [setUp(1), setUp()];
  assert.equal(whyDue(bad.record, { ...bad.need, nowMs: NOW_MS + 5 * HOUR_MS }), undefined);
  assert.equal(whyDue(bad.record, { ...bad.need, nowMs: NOW_MS + 6 * HOUR_MS }), "something failed in the last check");
  assert.equal(
    whyDue(bad.record, { ...bad.need, nowMs: NOW_MS - 7 * HOUR_MS }),
    "something failed in the last check",
    "the clock was set back",
  );
  assert.equal(whyDue(good.record, { ...good.need, nowMs: NOW_MS + 1000 * HOUR_MS }), undefined);
});
