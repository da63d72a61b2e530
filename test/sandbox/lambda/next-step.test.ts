import assert from "node:assert/strict";
import { test } from "node:test";
import type { LambdaMachine, MachineStatus } from "./account.ts";
import { nextStep } from "./next-step.ts";

const machine = (status: MachineStatus, change: Partial<LambdaMachine> = {}): LambdaMachine => ({
  ...{ id: "a", hostname: "gpu-1", region: "us-west-1", type: "gpu_1x_a10", sshKey: "work", userData: "" },
  ...{ fileSystems: [], rulesets: [], tags: [], isIdle: false, isRestarting: false, changedAtMs: 0 },
  status,
  ...change,
});

test("a machine is launched, and removed once it is terminated", () => {
  assert.deepEqual(nextStep(machine("booting"), false, 0), { kind: "launch" });
  assert.equal(nextStep(machine("active"), true, 0), undefined);
  assert.deepEqual(nextStep(machine("terminating"), true, 0), { kind: "remove" });
  assert.equal(nextStep(machine("terminated"), false, 1000), undefined);
  assert.deepEqual(nextStep(machine("terminated"), false, 600_000), { kind: "forget" });
});

test("a machine that was shut down from within is unhealthy until it runs again", () => {
  assert.deepEqual(nextStep(machine("active"), false, 0), { kind: "say", status: "unhealthy" });
  assert.equal(nextStep(machine("unhealthy"), false, 0), undefined);
  assert.deepEqual(nextStep(machine("unhealthy"), true, 0), { kind: "say", status: "active" });
  assert.deepEqual(nextStep(machine("booting", { isRestarting: true }), false, 0), { kind: "restart" });
});

test("a preempted machine is taken away, and stays known", () => {
  assert.deepEqual(nextStep(machine("preempted"), true, 0), { kind: "remove" });
  assert.equal(nextStep(machine("preempted"), false, 0), undefined);
});

test("an idle machine boots and goes in its time, and nothing runs", () => {
  const idle = { isIdle: true };
  assert.equal(nextStep(machine("booting", idle), false, 1999), undefined);
  assert.deepEqual(nextStep(machine("booting", idle), false, 2000), { kind: "say", status: "active" });
  assert.equal(nextStep(machine("active", idle), false, 2000), undefined);
  assert.deepEqual(nextStep(machine("terminating", idle), false, 2000), { kind: "say", status: "terminated" });
});
