import assert from "node:assert/strict";
import { test } from "node:test";
import { readGpuConditions } from "../../agent/kubernetes/gpu-conditions.ts";

const HEARTBEAT = "2026-01-02T03:04:05Z";
const condition = (type: string, lastHeartbeatTime: unknown = HEARTBEAT) =>
  ({ type, status: "True", lastHeartbeatTime }) as never;

test("of a Node's conditions those of GPUs are read, from any writer", () => {
  const types = ["Ready", "MemoryPressure", "KernelDeadlock", "AcceleratedHardwareReady", "GPUMissing", "GpuHealthy"];
  assert.deepEqual(readGpuConditions(types.map((type) => condition(type))), [
    { type: "AcceleratedHardwareReady", status: "True", heartbeatMs: Date.parse(HEARTBEAT) },
    { type: "GPUMissing", status: "True", heartbeatMs: Date.parse(HEARTBEAT) },
    { type: "GpuHealthy", status: "True", heartbeatMs: Date.parse(HEARTBEAT) },
  ]);
  assert.equal(readGpuConditions([condition("Ready")]), undefined);
  assert.equal(readGpuConditions(undefined), undefined);
});

test("a heartbeat that is missing or is none is no time; neither types nor their number grow without bound", () => {
  const [missing, garbage] = readGpuConditions([condition("GpuA", null), condition("GpuB", "yesterday")]) ?? [];
  assert.deepEqual([missing?.heartbeatMs, garbage?.heartbeatMs], [Number.NaN, Number.NaN]);
  const many = readGpuConditions(Array.from({ length: 1000 }, () => condition(`Gpu${"x".repeat(10_000)}`))) ?? [];
  assert.deepEqual([many.length, many[0]?.type.length], [50, 100]);
});
