// Metrics of each GPU, labelled with its uuid, or with its PCI address while the uuid is unknown.

import { type Family, family, type Sample } from "../board/metric-family.ts";
import { isFatal } from "./gpu-fault.ts";
import type { GpuState, GpuView } from "./gpu-watch.ts";

const MEBIBYTE = 2 ** 20;

type ReadView = () => GpuView | undefined;
type ReadSamples = () => readonly Sample[];

/** Creates the families. Without GPUs they have no samples. */
export function gpuFamilies(view: ReadView): readonly Family[] {
  return [
    ...inventoryFamilies(view),
    ...healthFamilies(view),
    ...readingFamilies(view),
    xidFamily(view),
    sxidFamily(view),
  ];
}

/** Which GPUs there are, and how pods get them. */
function inventoryFamilies(view: ReadView): readonly Family[] {
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
  ];
}

function healthFamilies(view: ReadView): readonly Family[] {
  const isMachineSound = () => !(view()?.machineFaults ?? []).some(isFatal);
  const healthy = forEachGpu(view, ({ reading, faults }) =>
    Number(reading !== undefined && faults.length === 0 && isMachineSound()),
  );
  return [
    family(
      "gauge",
      "gpu_healthy",
      "1 while a GPU answers, and neither it nor what all GPUs share, such as an NVSwitch, has a fault.",
      healthy,
    ),
    family("gauge", "gpu_cordoned", "1 while the Node takes no new pods for its GPUs' faults.", () => {
      const { gpus = [], isCordoned } = view() ?? {};
      return gpus.length === 0 ? [] : [{ value: Number(isCordoned === true) }];
    }),
  ];
}

/** What nvidia-smi measures. */
function readingFamilies(view: ReadView): readonly Family[] {
  const temperature = forEachGpu(view, ({ reading }) => reading?.temperatureCelsius);
  const total = forEachGpu(view, ({ reading }) => toBytes(reading?.memoryTotalMebibytes));
  const used = forEachGpu(view, ({ reading }) => toBytes(reading?.memoryUsedMebibytes));
  const utilization = forEachGpu(view, ({ reading }) => toRatio(reading?.utilizationPercent));
  const power = forEachGpu(view, ({ reading }) => reading?.powerWatts);
  return [
    family("gauge", "gpu_temperature_celsius", "Temperature of a GPU.", temperature),
    family("gauge", "gpu_memory_total_bytes", "Memory of a GPU.", total),
    family("gauge", "gpu_memory_used_bytes", "Memory of a GPU that is in use.", used),
    family("gauge", "gpu_utilization_ratio", "Share of time in which a GPU worked, 0 to 1.", utilization),
    family("gauge", "gpu_power_watts", "Power that a GPU draws.", power),
  ];
}

function xidFamily(view: ReadView): Family {
  return family("counter", "gpu_xid_total", "Xids of this boot, by GPU and code, applications' included.", () =>
    (view()?.gpus ?? []).flatMap((gpu) =>
      gpu.xids.map(({ xid, count }) => ({ value: count, labels: { ...labelsOf(gpu), xid: String(xid) } })),
    ),
  );
}

function sxidFamily(view: ReadView): Family {
  return family("counter", "nvswitch_sxid_total", "SXids of this boot, by NVSwitch and code.", () =>
    (view()?.switchEvents ?? []).map(({ busId, xid, count }) => ({
      value: count,
      labels: { pci_bus_id: busId, sxid: String(xid) },
    })),
  );
}

/** Creates a sample for each GPU whose value is known. */
function forEachGpu(view: ReadView, read: (gpu: GpuState) => number | undefined): ReadSamples {
  return () =>
    (view()?.gpus ?? []).flatMap((gpu): readonly Sample[] => {
      const value = read(gpu);
      return value === undefined ? [] : [{ value, labels: labelsOf(gpu) }];
    });
}

function toBytes(mebibytes: number | undefined): number | undefined {
  return mebibytes === undefined ? undefined : mebibytes * MEBIBYTE;
}

function toRatio(percent: number | undefined): number | undefined {
  return percent === undefined ? undefined : percent / 100;
}

function labelsOf({ uuid, busId }: GpuState): Readonly<Record<string, string>> {
  return { uuid: uuid ?? busId };
}

function infoOf(gpu: GpuState, driverVersion: string | undefined): Readonly<Record<string, string>> {
  const { product = "", busId } = gpu;
  return { ...labelsOf(gpu), product, driver_version: driverVersion ?? "", pci_bus_id: busId };
}
