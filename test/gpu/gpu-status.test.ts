import assert from "node:assert/strict";
import { test } from "node:test";
import { gpuStatusSchema, renderGpuStatus } from "../../agent/gpu/gpu-status.ts";
import type { GpuView } from "../../agent/gpu/gpu-watch.ts";

const VIEW: GpuView = {
  facts: {
    busIds: ["0000:06:00.0", "0000:07:00.0"],
    nvSwitches: 0,
    driverVersion: "550.54.15",
    driven: [],
    deviceNodes: 2,
  },
  cudaVersion: "12.4",
  gpus: [
    {
      ...{ busId: "0000:06:00.0", uuid: "GPU-1", product: "NVIDIA A10" },
      reading: { busId: "0000:06:00.0", temperatureCelsius: 41, isMig: false, needsReset: false, isLost: false },
      faults: [{ code: "gpu-slowdown-thermal", message: "hot", action: "none", hint: "Check fans." }],
      xids: [{ busId: "0000:06:00.0", xid: 13, count: 4, text: "x", action: "check-the-app", isStanding: false }],
    },
    { busId: "0000:07:00.0", faults: [], xids: [] },
  ],
  runtime: { binary: "/usr/bin/nvidia-container-runtime", defaultRuntime: "runc", cdiOwner: "eks-satellite" },
};

test("the section fits its schema, and holds readings, faults and Xids of each GPU", () => {
  const status = gpuStatusSchema.parse(JSON.parse(JSON.stringify(renderGpuStatus(VIEW))));
  assert.deepEqual([status.devices, status.driverVersion, status.cudaVersion], [2, "550.54.15", "12.4"]);
  const [first, second] = status.gpus ?? [];
  assert.deepEqual(
    [first?.isAnswering, first?.temperatureCelsius, first?.isMig, first?.xids],
    [true, 41, false, { 13: 4 }],
  );
  assert.deepEqual(first?.faults, [{ code: "gpu-slowdown-thermal", message: "hot", action: "none" }]);
  assert.deepEqual([second?.isAnswering, second?.temperatureCelsius, second?.xids], [false, undefined, {}]);
  assert.deepEqual(status.runtime, VIEW.runtime);
});

test("before the first observation there is no section", () => {
  assert.equal(renderGpuStatus(undefined), undefined);
});
