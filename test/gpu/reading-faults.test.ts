import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeReading, LASTING, transientReadings } from "../../agent/gpu/reading-faults.ts";
import type { GpuReading } from "../../agent/nvidia/nvidia-smi-output.ts";

const BUS = "0000:06:00.0";
const reading = (changes: Partial<GpuReading>): GpuReading => ({
  busId: BUS,
  needsReset: false,
  isLost: false,
  ...changes,
});

function judge(changes: Partial<GpuReading>, answers: number) {
  const gpu = reading(changes);
  return judgeReading(gpu, new Map(transientReadings(gpu).map((symptom) => [symptom, answers])));
}

test("a few retired pages, and a driver that asks for nothing, are no fault", () => {
  assert.deepEqual(judge({ retiredPages: 59, isRetirementPending: false, recoveryAction: "None" }, LASTING), []);
});

test("slow clocks are a fault when they last, whatever the GPU gives as the reason", () => {
  for (const slowdown of ["thermal", "power", "hardware"] as const) {
    assert.deepEqual(judge({ slowdown }, LASTING - 1), []);
    assert.deepEqual(
      judge({ slowdown }, LASTING).map(({ code }) => code),
      [`gpu-slowdown-${slowdown}`],
    );
  }
});

test("values that cannot be read for long are a fault, which names them; a lost GPU has a fault of its own", () => {
  const unreadable = Array.from({ length: 7 }, (_, index) => `field.${index}`);
  assert.deepEqual(judge({ unreadable }, LASTING - 1), []);
  const [fault] = judge({ unreadable }, LASTING);
  assert.deepEqual([fault?.code, fault?.action], ["gpu-unreadable", "none"]);
  assert.match(fault?.message ?? "", /cannot read field\.0, .*field\.4 and 2 more$/);
  assert.deepEqual(judge({ unreadable, isLost: true }, LASTING), []);
});
