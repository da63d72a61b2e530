import assert from "node:assert/strict";
import { test } from "node:test";
import { isFatalAction, toRecoveryAction, worseOf } from "../../agent/xid/gpu-action.ts";

test("the driver's recovery actions are understood as words and as NVML's numbers", () => {
  const actions = (words: readonly string[]) => words.map(toRecoveryAction);
  assert.deepEqual(actions(["None", "0", "none", "Unknown"]), ["none", "none", "none", "none"]);
  assert.deepEqual(actions(["Reset", "1", "GPU Reset Required"]), ["reset-the-gpu", "reset-the-gpu", "reset-the-gpu"]);
  assert.deepEqual(actions(["Reboot", "2", "Node Reboot Required"]), ["reboot", "reboot", "reboot"]);
  assert.deepEqual(actions(["Drain P2P", "3", "Drain and Reset", "4"]), Array(4).fill("reset-the-gpu"));
});

test("a domain of IMEX is recovered at a service, not at the GPU; an action that is not known yet is a reset", () => {
  for (const words of ["Recover IMEX Domain", "5"]) assert.equal(toRecoveryAction(words), "none");
  assert.equal(toRecoveryAction("17"), "reset-the-gpu");
});

test("the worse of two actions is found, and which of them make a GPU useless", () => {
  assert.equal(worseOf("reboot", "reset-the-gpu"), "reboot");
  assert.equal(worseOf("none", "check-the-app"), "check-the-app");
  assert.deepEqual([isFatalAction("check-the-app"), isFatalAction("replace")], [false, true]);
});
