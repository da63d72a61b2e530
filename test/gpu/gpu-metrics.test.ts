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

function samplesOf(view: GpuView, name: string) {
  return gpuFamilies(() => view)
    .find((family) => family.name === `eks_satellite_${name}`)
    ?.samples()
    .map(({ value, labels = {} }) => [value, labels.uuid ?? ""]);
}

test("values are in base units, and a GPU without a value has no sample", () => {
  const [first, second] = ["0000:06:00.0", "0000:07:00.0"] as const;
  const reading = {
    busId: first,
    memoryTotalMebibytes: 2,
    memoryUsedMebibytes: 1,
    utilizationPercent: 50,
    powerWatts: 61,
  };
  const xid = { busId: first, xid: 13, count: 4, text: "", action: "check-the-app", isStanding: false } as const;
  const view: GpuView = {
    ...VIEW,
    gpus: [
      {
        busId: first,
        uuid: "GPU-1",
        faults: [],
        xids: [xid],
        reading: { ...reading, needsReset: false, isLost: false },
      },
      { busId: second, faults: [], xids: [] },
    ],
  };
  assert.deepEqual(samplesOf(view, "gpu_memory_total_bytes"), [[2 * 2 ** 20, "GPU-1"]]);
  assert.deepEqual(samplesOf(view, "gpu_memory_used_bytes"), [[2 ** 20, "GPU-1"]]);
  assert.deepEqual(samplesOf(view, "gpu_utilization_ratio"), [[0.5, "GPU-1"]]);
  assert.deepEqual(samplesOf(view, "gpu_power_watts"), [[61, "GPU-1"]]);
  assert.deepEqual(samplesOf(view, "gpu_temperature_celsius"), []);
  assert.deepEqual(samplesOf(view, "gpu_xid_total"), [[4, "GPU-1"]]);
  assert.deepEqual(
    samplesOf(view, "gpu_healthy"),
    [
      [1, "GPU-1"],
      [0, second],
    ],
    "a GPU without uuid has its address",
  );
});

test("the cordon is one sample of the machine", () => {
  const gpus = [{ busId: "0000:06:00.0", faults: [], xids: [] }];
  assert.deepEqual(samplesOf({ ...VIEW, gpus, isCordoned: true }, "gpu_cordoned"), [[1, ""]]);
  assert.deepEqual(samplesOf({ ...VIEW, gpus }, "gpu_cordoned"), [[0, ""]]);
  assert.deepEqual(samplesOf(VIEW, "gpu_cordoned"), []);
});

test("a fatal fault of what all GPUs share leaves none of them healthy; one that needs no repair does", () => {
  const busId = "0000:06:00.0";
  const gpus = [{ busId, reading: { busId, needsReset: false, isLost: false }, faults: [], xids: [] }];
  const fault = { code: "nvswitch-sxid-20034", message: "SXid 20034" };
  const healthy = (action: "reboot" | "none") =>
    samplesOf({ ...VIEW, gpus, machineFaults: [{ ...fault, action }] }, "gpu_healthy");
  assert.deepEqual(healthy("reboot"), [[0, busId]]);
  assert.deepEqual(healthy("none"), [[1, busId]]);
});

test("SXids are counted by switch and number", () => {
  const event = { busId: "0000:c1:00.0", xid: 12_028, count: 3, text: "", action: "none", isStanding: false } as const;
  const found = gpuFamilies(() => ({ ...VIEW, switchEvents: [event] })).find(({ name }) =>
    name.endsWith("nvswitch_sxid_total"),
  );
  assert.deepEqual(found?.samples(), [{ value: 3, labels: { pci_bus_id: "0000:c1:00.0", sxid: "12028" } }]);
});
