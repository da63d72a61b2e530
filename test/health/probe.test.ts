import assert from "node:assert/strict";
import { test } from "node:test";
import { answerProbe } from "../../agent/health/probe.ts";

const CHECKS = [
  { name: "NodeReady", problem: undefined },
  { name: "DiskAvailable", problem: "DiskFull: full" },
];
const ask = (query: string, checks = CHECKS) => answerProbe("readyz", checks, new URLSearchParams(query));

test("a probe that is well answers ok alone", () => {
  assert.deepEqual(ask("", CHECKS.slice(0, 1)), { status: 200, body: "ok\n" });
});

test("a probe that is not well names what fails, and with ?verbose every check", () => {
  const failed = "[-]DiskAvailable failed: DiskFull: full\nreadyz check failed\n";
  assert.deepEqual(ask(""), { status: 503, body: failed });
  assert.deepEqual(ask("verbose"), { status: 503, body: `[+]NodeReady ok\n${failed}` });
});

test("an excluded check decides nothing, and ?verbose says that it was excluded", () => {
  assert.deepEqual(ask("exclude=DiskAvailable"), { status: 200, body: "ok\n" });
  const lines = "[+]NodeReady ok\n[+]DiskAvailable excluded: ok\nreadyz check passed\n";
  assert.deepEqual(ask("verbose&exclude=DiskAvailable"), { status: 200, body: lines });
});
