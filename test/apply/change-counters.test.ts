import assert from "node:assert/strict";
import { test } from "node:test";
import { ChangeCounters } from "../../agent/apply/change-counters.ts";
import type { Change } from "../../agent/apply/executor.ts";
import type { Resource } from "../../agent/plan/resource.ts";
import { plannedFile } from "../fakes/rounds.ts";

const FILE = plannedFile("/etc/a", "A");
const SERVICE: Resource = { kind: "service", unit: "a.service", readiness: { kind: "active" }, why: "a test" };

const changed = (resource: Resource, action: Change["action"] = "update"): Change => ({
  resource,
  action,
  before: "x",
  after: "y",
});
const roundOf = (...changes: readonly Change[]) => ({ changes, failures: [] });

test("a first change is none of another process's; one of what was as planned is a repair, with its time", () => {
  const counters = new ChangeCounters();
  assert.deepEqual(counters.record([FILE], roundOf(changed(FILE)), 1000), []);
  assert.deepEqual(counters.record([FILE], roundOf(), 2000), []);
  assert.deepEqual(counters.record([FILE], roundOf(changed(FILE)), 3000), ["file:/etc/a"]);
  assert.deepEqual([counters.changes, counters.repairs], [2, 1]);
  assert.deepEqual(counters.list().get("file:/etc/a"), {
    changes: 2,
    lastChangedAtMs: 3000,
    repairs: 1,
    lastRepairAtMs: 3000,
  });
});

test("a change that follows from another plan is no repair, be it of the content or the mode", () => {
  const counters = new ChangeCounters();
  counters.record([FILE], roundOf(), 0);
  const other = plannedFile("/etc/a", "B");
  assert.deepEqual(counters.record([other], roundOf(changed(other)), 0), []);
  const narrower = plannedFile("/etc/a", "B", { mode: 0o600 });
  assert.deepEqual(counters.record([narrower], roundOf(changed(narrower, "set-mode")), 0), []);
});

test("a restart follows from a change and is no repair; a start of a service that ran is one", () => {
  const counters = new ChangeCounters();
  counters.record([SERVICE], roundOf(), 0);
  assert.deepEqual(counters.record([SERVICE], roundOf(changed(SERVICE, "restart")), 0), []);
  assert.deepEqual(counters.record([SERVICE], roundOf(changed(SERVICE, "start")), 0), ["service:a.service"]);
});

test("what failed was not as planned: the change that succeeds later is no repair", () => {
  const counters = new ChangeCounters();
  counters.record([FILE], { changes: [], failures: [{ resource: FILE, error: new Error("full") }] }, 0);
  assert.deepEqual(counters.record([FILE], roundOf(changed(FILE)), 0), []);
});
