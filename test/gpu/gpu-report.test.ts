import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import type { GpuFault } from "../../agent/gpu/gpu-fault.ts";
import type { GpuObservation } from "../../agent/gpu/gpu-faults.ts";
import {
  adviseOn,
  criticalGpuConditions,
  describeFault,
  GPU_CONDITIONS,
  reportGpus,
} from "../../agent/gpu/gpu-report.ts";
import { sampleConfig } from "../fakes/samples.ts";

const BUS_ID = "0000:06:00.0";
const FAULT: GpuFault = { code: "gpu-xid-48", busId: BUS_ID, message: "Xid 48: DBE", action: "reset-the-gpu" };

function observe(changes: Partial<GpuObservation> = {}): GpuObservation {
  const gpu = { busId: BUS_ID, product: "NVIDIA A10", needsReset: false, isLost: false };
  return {
    facts: {
      ...{ busIds: [BUS_ID], nvSwitches: 0, deviceNodes: 1 },
      ...{ driverVersion: "550.54.15", driven: [{ busId: BUS_ID }] },
    },
    answer: { gpus: [gpu], unreachable: [], cudaVersion: "12.4" },
    ...{ xids: [], hasFabricManager: undefined, consecutiveAnswers: new Map() },
    ...changes,
  };
}

function summary(...args: Parameters<typeof reportGpus>) {
  const reports = reportGpus(...args);
  return GPU_CONDITIONS.map((type) => `${reports[type].status} ${reports[type].reason}`);
}

test("a healthy GPU is loaded, present and healthy", () => {
  const { GpuDriver, GpusPresent, GpuHealthy } = reportGpus("auto", observe(), []);
  assert.deepEqual(
    [GpuDriver.message, GpusPresent.message, GpuHealthy.message],
    ["driver 550.54.15, CUDA up to 12.4", "1 × NVIDIA A10", "no fault on 1 GPU"],
  );
});

test("without observation or GPUs the conditions are true and not shown, unless GPUs are required", () => {
  assert.deepEqual(summary("off", undefined, []), ["True Off", "True Off", "True Off"]);
  const none = observe({ facts: { busIds: [], nvSwitches: 0, driven: [], deviceNodes: 0 } });
  assert.equal(reportGpus("auto", none, []).GpuDriver.isQuiet, true);
  assert.deepEqual(summary("auto", none, []), ["True NoGpu", "True NoGpu", "True NoGpu"]);
  assert.deepEqual(summary("required", none, []), ["True NoGpu", "False GpuMissing", "True NoGpu"]);
});

test("without a driver the other conditions are unknown", () => {
  const facts = { busIds: [BUS_ID], nvSwitches: 0, driven: [], deviceNodes: 0 };
  assert.deepEqual(summary("auto", observe({ facts, answer: undefined }), []), [
    "False GpuDriverMissing",
    "Unknown NoDriver",
    "Unknown NoDriver",
  ]);
  const answer = { gpus: [], unreachable: [], problem: new SatelliteError("gpu-driver-mismatch", "differ") };
  assert.equal(summary("auto", observe({ answer }), [])[0], "False GpuDriverMismatch");
});

test("a lost GPU is named with the fault that explains it", () => {
  const fault: GpuFault = { code: "gpu-xid-79", busId: BUS_ID, message: "Xid 79", action: "reboot" };
  const { GpusPresent } = reportGpus("auto", observe({ answer: { gpus: [], unreachable: [] } }), [fault]);
  assert.equal(GpusPresent.reason, "GpuLost");
  assert.equal(GpusPresent.message, `1 of 1 GPU not answering: ${BUS_ID} (Xid 79)`);
  assert.match(GpusPresent.hint ?? "", /^Action: reboot\./);
});

test("three faults are described, the others are counted, and the advice is that of the worst", () => {
  const faults = [
    FAULT,
    ...["1", "2", "3"].map((code) => ({ ...FAULT, code, message: code, action: "none" as const })),
  ];
  const { GpuHealthy } = reportGpus("auto", observe(), faults);
  assert.equal(GpuHealthy.reason, "GpuXid48");
  assert.match(GpuHealthy.message, /^GPU 0000:06:00\.0: Xid 48: DBE; .*; and 1 more$/);
  assert.match(GpuHealthy.hint ?? "", /nvidia-smi --gpu-reset -i 0000:06:00\.0/);
});

test("a fault of the machine has no address, and a hint follows the advice", () => {
  const fault: GpuFault = { code: "x", message: "message", action: "none", hint: "Check fans." };
  assert.equal(describeFault(fault), "message");
  assert.equal(adviseOn(fault), "Action: none on the GPU. Check fans.");
});

test("GPUs decide whether the node is ready only when they are required", () => {
  assert.deepEqual(criticalGpuConditions(sampleConfig("gpu: { mode: required }")), GPU_CONDITIONS);
  assert.deepEqual(criticalGpuConditions(sampleConfig()), []);
});
