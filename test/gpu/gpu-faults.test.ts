import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { isFatal } from "../../agent/gpu/gpu-fault.ts";
import { type GpuObservation, hasListed, judgeGpus, lostGpus, transientSymptoms } from "../../agent/gpu/gpu-faults.ts";
import type { SmiAnswer } from "../../agent/nvidia/nvidia-smi.ts";
import type { GpuReading } from "../../agent/nvidia/nvidia-smi-output.ts";
import type { Xid } from "../../agent/xid/xid-record.ts";

const FIRST = "0000:06:00.0";
const SECOND = "0000:07:00.0";

function reading(busId: string, changes: Partial<GpuReading> = {}): GpuReading {
  return { busId, needsReset: false, isLost: false, ...changes };
}

function answerOf(gpus: readonly GpuReading[], changes: Partial<SmiAnswer> = {}): SmiAnswer {
  return { gpus, unreachable: [], ...changes };
}

function problem(code: string): SatelliteError {
  return new SatelliteError(code, "message");
}

/** Two healthy GPUs. */
function observe(changes: Partial<GpuObservation> = {}): GpuObservation {
  const driven = [{ busId: FIRST }, { busId: SECOND }];
  return {
    facts: { busIds: [FIRST, SECOND], nvSwitches: 0, driverVersion: "550.54.15", driven, deviceNodes: 2 },
    answer: answerOf([reading(FIRST), reading(SECOND)]),
    ...{ xids: [], hasFabricManager: undefined, consecutiveAnswers: new Map() },
    ...changes,
  };
}

function codes(observation: GpuObservation): readonly string[] {
  return judgeGpus(observation).map(({ code, busId, action }) => `${code} ${busId ?? "machine"} ${action}`);
}

function xid(changes: Partial<Xid> = {}): Xid {
  return { busId: FIRST, xid: 48, count: 1, text: "DBE", action: "reset-the-gpu", isStanding: true, ...changes };
}

test("healthy GPUs have no faults", () => {
  assert.deepEqual(codes(observe()), []);
});

test("a GPU that does not answer is lost, or without driver when the driver is not bound to it", () => {
  const answer = answerOf([reading(FIRST)]);
  assert.deepEqual(codes(observe({ answer })), [`gpu-lost ${SECOND} reboot`]);
  const { facts } = observe();
  assert.deepEqual(codes(observe({ answer, facts: { ...facts, driven: [{ busId: FIRST }] } })), [
    `gpu-not-driven ${SECOND} none`,
  ]);
  assert.deepEqual(codes(observe({ answer: answerOf([reading(FIRST), reading(SECOND, { isLost: true })]) })), [
    `gpu-lost ${SECOND} reboot`,
  ]);
});

test("without a list of nvidia-smi no GPU is called lost, except those that it could not open", () => {
  assert.deepEqual(lostGpus(observe({ answer: undefined })), []);
  assert.deepEqual(lostGpus(observe({ answer: answerOf([], { problem: problem("nvidia-smi-timeout") }) })), []);
  const partial = answerOf([], { problem: problem("gpu-unreachable"), unreachable: [SECOND] });
  assert.deepEqual(lostGpus(observe({ answer: partial })), [SECOND]);
});

test("an answer is a list unless its problem hides the GPUs", () => {
  assert.equal(hasListed(answerOf([])), true);
  assert.equal(hasListed(answerOf([reading(FIRST)], { problem: problem("gpu-inforom-corrupt") })), true);
  assert.equal(hasListed(answerOf([], { problem: problem("gpu-fell-off-bus") })), false);
  assert.equal(hasListed(answerOf([reading(FIRST)], { problem: problem("nvidia-smi-failed") })), false);
});

test("a standing Xid is a fault and explains a lost GPU; a cleared one is not", () => {
  const answer = answerOf([reading(SECOND)]);
  assert.deepEqual(codes(observe({ answer, xids: [xid({ xid: 79, action: "reboot" })] })), [
    `gpu-xid-79 ${FIRST} reboot`,
  ]);
  assert.deepEqual(codes(observe({ xids: [xid({ isStanding: false })] })), []);
});

const READINGS: readonly (readonly [changes: Partial<GpuReading>, fault: string])[] = [
  [{ isRemapFailed: true }, "gpu-row-remap-failed replace"],
  [{ isRemapPending: true }, "gpu-row-remap-pending reset-the-gpu"],
  [{ needsReset: true }, "gpu-reset-required reset-the-gpu"],
  [{ eccUncorrected: 2 }, "gpu-ecc-uncorrected reset-the-gpu"],
  [{ recoveryAction: "Reboot" }, "gpu-reboot-required reboot"],
  [{ recoveryAction: "Drain P2P" }, "gpu-reset-required reset-the-gpu"],
  [{ recoveryAction: "Recover IMEX Domain" }, "gpu-imex-recovery none"],
  [{ isRetirementPending: true }, "gpu-page-retirement-pending reset-the-gpu"],
  [{ retiredPages: 60 }, "gpu-retired-pages-full replace"],
];
for (const [changes, fault] of READINGS)
  test(`a reading with ${JSON.stringify(changes)} is ${fault}`, () => {
    const answer = answerOf([reading(FIRST, changes), reading(SECOND)]);
    assert.deepEqual(codes(observe({ answer })), [fault.replace(" ", ` ${FIRST} `)]);
  });

test("slow clocks, a fabric that is not ready and a failing nvidia-smi are faults only when they last", () => {
  const slow = answerOf([reading(FIRST, { slowdown: "thermal" }), reading(SECOND)]);
  const inARow = (what: string, count: number) => new Map([[what, count]]);
  assert.deepEqual(codes(observe({ answer: slow, consecutiveAnswers: inARow(`${FIRST} thermal`, 2) })), []);
  assert.deepEqual(codes(observe({ answer: slow, consecutiveAnswers: inARow(`${FIRST} thermal`, 3) })), [
    `gpu-slowdown-thermal ${FIRST} none`,
  ]);
  assert.deepEqual(codes(observe({ hasFabricManager: false, consecutiveAnswers: inARow("fabric", 2) })), []);
  assert.deepEqual(codes(observe({ hasFabricManager: false, consecutiveAnswers: inARow("fabric", 3) })), [
    "fabric-manager-missing machine none",
  ]);
  assert.deepEqual(codes(observe({ hasFabricManager: true, consecutiveAnswers: inARow("fabric", 3) })), [
    "gpu-fabric-not-ready machine none",
  ]);
  const late = answerOf([], { problem: problem("nvidia-smi-timeout") });
  assert.deepEqual(codes(observe({ answer: late, consecutiveAnswers: inARow("nvidia-smi-timeout", 1) })), []);
  assert.deepEqual(codes(observe({ answer: late, consecutiveAnswers: inARow("nvidia-smi-timeout", 2) })), [
    "nvidia-smi-timeout machine reboot",
  ]);
});

test("a stuck nvidia-smi needs a reboot at once", () => {
  const answer = answerOf([], { problem: problem("nvidia-smi-stuck") });
  assert.deepEqual(codes(observe({ answer })), ["nvidia-smi-stuck machine reboot"]);
});

test("the worst fault comes first", () => {
  const answer = answerOf([reading(FIRST, { needsReset: true }), reading(SECOND, { isRemapFailed: true })]);
  const found = codes(observe({ answer, xids: [xid({ xid: 79, action: "reboot" })] }));
  assert.deepEqual(
    found.map((fault) => fault.split(" ").at(-1)),
    ["replace", "reboot", "reset-the-gpu"],
  );
});

test("a fault is fatal when the GPU needs a reset, a reboot or a replacement", () => {
  const fault = { code: "x", message: "x" };
  const actions = ["none", "check-the-app", "reset-the-gpu", "reboot", "replace"] as const;
  assert.deepEqual(
    actions.filter((action) => isFatal({ ...fault, action })),
    ["reset-the-gpu", "reboot", "replace"],
  );
});

test("symptoms are named by GPU, fabric and problem", () => {
  const gpus = [reading(FIRST, { slowdown: "power" }), reading(SECOND, { fabricState: "In Progress" })];
  assert.deepEqual(transientSymptoms(answerOf(gpus, { problem: problem("nvidia-smi-failed") }), true), [
    `${FIRST} power`,
    "fabric",
    "nvidia-smi-failed",
  ]);
  assert.deepEqual(transientSymptoms(answerOf([reading(FIRST, { fabricState: "Completed" })]), true), []);
});
