import assert from "node:assert/strict";
import { test } from "node:test";
import { renderAnnotations, renderNames, renderSummary } from "../../agent/fitness/words.ts";

const NONE = { ok: 0, warn: 0, fail: 0, pending: 0, unknown: 0 };
const finding = (name: string, outcome: "warn" | "fail" | "pending" | "unknown") => ({
  name,
  outcome,
  evidence: "found",
});

test("a summary leaves out what did not occur, and names failures first", () => {
  assert.equal(renderSummary({ ...NONE, ok: 42 }), "42 ok");
  assert.equal(renderSummary({ ...NONE, ok: 41, warn: 1 }), "41 ok, 1 warning");
  assert.equal(
    renderSummary({ ok: 3, warn: 2, fail: 1, pending: 4, unknown: 5 }),
    "3 ok, 1 failed, 2 warnings, 4 pending, 5 unknown",
  );
});

test("names are grouped, the worst first, and bounded however many there are", () => {
  const findings = [finding("credentials", "warn"), finding("disk", "fail"), finding("gpu", "warn")];
  assert.equal(renderNames(findings), "failed: disk; warnings: credentials, gpu");
  assert.equal(renderNames([]), "");
  const many = Array.from({ length: 100 }, (_, number) => finding(`check-${"x".repeat(80)}-${number}`, "fail"));
  assert.ok(renderNames(many).length < 600);
});

test("the annotations say how many, when and which; where all is well the second one is removed", () => {
  const record = {
    atMs: Date.parse("2026-11-29T05:00:00.123Z"),
    node: "gpu-1",
    machine: { version: "1.0.0", kernel: "6.8.0" },
    summary: { ...NONE, ok: 41, warn: 1 },
    findings: [finding("credentials", "warn")],
  };
  assert.deepEqual(renderAnnotations(record), {
    "eks-satellite.io/checked": "41 ok, 1 warning, 2026-11-29T05:00:00Z",
    "eks-satellite.io/check-findings": "warnings: credentials",
  });
  assert.equal(renderAnnotations({ ...record, findings: [] })["eks-satellite.io/check-findings"], null);
});
