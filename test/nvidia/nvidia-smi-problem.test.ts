import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { explainExit, explainThrown } from "../../agent/nvidia/nvidia-smi-problem.ts";

test("errors of a call get the codes of nvidia-smi, and a stuck call keeps its own", () => {
  const stuck = new SatelliteError("nvidia-smi-stuck", "hangs");
  assert.equal(explainThrown(stuck), stuck);
  const missing = explainThrown(new SatelliteError("command-missing", "no program"));
  assert.equal(missing.code, "nvidia-smi-missing");
  assert.match(missing.hint ?? "", /nvidia-utils/);
  assert.equal(explainThrown(new SatelliteError("command-timeout", "20 s")).code, "nvidia-smi-timeout");
  assert.equal(explainThrown(new Error("EPERM")).code, "nvidia-smi-failed");
});

test("the message counts before the exit code, and ends with the last line of the output", () => {
  const stdout = "first\nFailed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.54\n";
  const { code, message } = explainExit({ exitCode: 9, stdout, stderr: "" });
  assert.equal(code, "gpu-driver-mismatch");
  assert.match(message, /\(nvidia-smi exits with 9: NVML library version: 550\.54\)$/);
});

test("a long output is shortened", () => {
  const { message } = explainExit({ exitCode: 3, stdout: "", stderr: "x".repeat(5000) });
  assert.ok(message.length < 300, `${message.length} characters`);
});
