import assert from "node:assert/strict";
import { test } from "node:test";
import { gpuFamilies } from "../../agent/gpu/gpu-metrics.ts";
import type { GpuView } from "../../agent/gpu/gpu-watch.ts";

const VIEW: GpuView = { facts: { busIds: ["0000:06:00.0"], nvSwitches: 0, driven: [], deviceNodes: 0 }, gpus: [] };

function runtimeInfo(view: GpuView | undefined) {
  return gpuFamilies(() => view)
    .find(({ name }) => name === "eks_satellite_gpu_runtime_info")
    ?.samples();
}

test("how pods get GPUs is one sample, with empty labels for what is absent", () => {
  const binary = "/usr/bin/nvidia-container-runtime";
  const runtime = { binary, defaultRuntime: "nvidia", cdiOwner: "eks-satellite" } as const;
  assert.deepEqual(runtimeInfo({ ...VIEW, runtime }), [
    { value: 1, labels: { binary, default_runtime: "nvidia", cdi_owner: "eks-satellite" } },
  ]);
  assert.deepEqual(runtimeInfo({ ...VIEW, runtime: { defaultRuntime: "runc" } }), [
    { value: 1, labels: { binary: "", default_runtime: "runc", cdi_owner: "" } },
  ]);
});

test("a machine without GPUs, or before the first round, has no samples", () => {
  assert.deepEqual(runtimeInfo(undefined), []);
  assert.deepEqual(runtimeInfo(VIEW), []);
});
