// Metrics of each GPU, by its uuid, or by its PCI address while the driver has not told the uuid.

import { type Family, family, type Sample } from "../board/metric-family.ts";
import type { GpuState, GpuView } from "./gpu-watch.ts";

const MEBIBYTE = 2 ** 20;

/** Families without samples where there is no GPU. */
export function gpuFamilies(view: () => GpuView | undefined): readonly Family[] {
  const each = (read: (gpu: GpuState) => number | undefined) => () =>
    (view()?.gpus ?? []).flatMap((gpu): readonly Sample[] => {
      const value = read(gpu);
      return value === undefined ? [] : [{ value, labels: labelsOf(gpu) }];
    });
  const mebibytes = (value: number | undefined) => (value === undefined ? undefined : value * MEBIBYTE);
  const percent = (value: number | undefined) => (value === undefined ? undefined : value / 100);
  return [
    family("gauge", "gpu_info", "Product, driver and PCI address of a GPU; always 1.", () => {
      const { gpus = [], facts } = view() ?? {};
      return gpus.map((gpu) => ({ value: 1, labels: infoOf(gpu, facts?.driverVersion) }));
    }),
    family("gauge", "gpu_runtime_info", "How pods get GPUs, and who keeps the CDI specification; always 1.", () => {
      const { runtime } = view() ?? {};
      if (runtime === undefined) return [];
      const { binary = "", defaultRuntime, cdiOwner = "" } = runtime;
      return [{ value: 1, labels: { binary, default_runtime: defaultRuntime, cdi_owner: cdiOwner } }];
    }),
    family(
      "gauge",
      "gpu_healthy",
      "1 while a GPU answers and has no fault.",
      each(({ reading, faults }) => Number(reading !== undefined && faults.length === 0)),
    ),
    family("gauge", "gpu_cordoned", "1 while the Node takes no new pods for its GPUs' faults.", () => {
      const { gpus = [], isCordoned } = view() ?? {};
      return gpus.length === 0 ? [] : [{ value: Number(isCordoned === true) }];
    }),
    family(
      "gauge",
      "gpu_temperature_celsius",
      "Temperature of a GPU.",
      each(({ reading }) => reading?.temperatureCelsius),
    ),
    family(
      "gauge",
      "gpu_memory_total_bytes",
      "Memory of a GPU.",
      each(({ reading }) => mebibytes(reading?.memoryTotalMebibytes)),
    ),
    family(
      "gauge",
      "gpu_memory_used_bytes",
      "Memory of a GPU that is in use.",
      each(({ reading }) => mebibytes(reading?.memoryUsedMebibytes)),
    ),
    family(
      "gauge",
      "gpu_utilization_ratio",
      "Share of time in which a GPU worked, 0 to 1.",
      each(({ reading }) => percent(reading?.utilizationPercent)),
    ),
    family(
      "gauge",
      "gpu_power_watts",
      "Power that a GPU draws.",
      each(({ reading }) => reading?.powerWatts),
    ),
    family("counter", "gpu_xid_total", "Xids of this boot, by GPU and code, applications' included.", () =>
      (view()?.gpus ?? []).flatMap((gpu) =>
        gpu.xids.map(({ xid, count }) => ({ value: count, labels: { ...labelsOf(gpu), xid: String(xid) } })),
      ),
    ),
  ];
}

function labelsOf({ uuid, busId }: GpuState): Readonly<Record<string, string>> {
  return { uuid: uuid ?? busId };
}

function infoOf(gpu: GpuState, driverVersion: string | undefined): Readonly<Record<string, string>> {
  const { product = "", busId } = gpu;
  return { ...labelsOf(gpu), product, driver_version: driverVersion ?? "", pci_bus_id: busId };
}
