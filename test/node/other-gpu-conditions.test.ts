import assert from "node:assert/strict";
import { test } from "node:test";
import { findOtherOpinion } from "../../agent/node/other-gpu-conditions.ts";

const NOW_MS = Date.parse("2026-01-02T03:04:05Z");
const MINUTE_MS = 60_000;
const said = (type: string, status: string, ageMinutes = 1) => ({
  type,
  status,
  heartbeatMs: NOW_MS - ageMinutes * MINUTE_MS,
});

test("a condition that ends in Ready is bad when false, one that names a fault when true", () => {
  const bad = (type: string, status: string) => findOtherOpinion([said(type, status)], NOW_MS)?.isBad;
  assert.deepEqual(
    [
      bad("AcceleratedHardwareReady", "True"),
      bad("AcceleratedHardwareReady", "False"),
      bad("GPUMissing", "False"),
      bad("GPUMissing", "True"),
      bad("GpuXidError", "Unknown"),
    ],
    [false, true, false, true, false],
  );
});

test("of several the one that names a fault is shown", () => {
  const found = findOtherOpinion([said("GpuMemWatch", "False"), said("GpuThermalWatch", "True")], NOW_MS);
  assert.deepEqual(found, { type: "GpuThermalWatch", isBad: true });
});

test("a condition whose writer has gone, or that says no time, counts as none", () => {
  assert.equal(findOtherOpinion([said("GPUMissing", "True", 16)], NOW_MS), undefined);
  assert.equal(findOtherOpinion([said("GPUMissing", "True", -16)], NOW_MS), undefined, "of a clock that was set back");
  assert.equal(findOtherOpinion([{ type: "GPUMissing", status: "True", heartbeatMs: Number.NaN }], NOW_MS), undefined);
  assert.deepEqual(findOtherOpinion([said("GPUMissing", "True", 14)], NOW_MS)?.type, "GPUMissing");
});
