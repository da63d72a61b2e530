// The GPUs in /status: the schema, and the function that fills it.
import * as z from "zod";
import { optional } from "../optional.ts";
import type { GpuFault } from "./gpu-fault.ts";
import type { GpuState, GpuView } from "./gpu-watch.ts";

const faultSchema = z.object({
  code: z.string().describe("Kebab-case, stable."),
  message: z.string(),
  action: z
    .string()
    .describe(
      "What is suggested: none, check-the-app, reset-the-gpu, reboot or replace; a later version may have more.",
    ),
});

const gpuSchema = z.object({
  busId: z.string().describe("PCI address, e.g. 0000:06:00.0."),
  uuid: z.string().optional(),
  product: z.string().optional(),
  isAnswering: z.boolean().describe("Whether nvidia-smi lists it."),
  memoryTotalMebibytes: z.number().optional(),
  memoryUsedMebibytes: z.number().optional(),
  temperatureCelsius: z.number().optional(),
  powerWatts: z.number().optional(),
  powerLimitWatts: z.number().optional(),
  utilizationPercent: z.number().optional(),
  isPersistent: z.boolean().optional().describe("Persistence mode."),
  isMig: z.boolean().optional(),
  isMigPending: z.boolean().optional().describe("Whether another MIG mode waits for a reset."),
  isEcc: z.boolean().optional(),
  isEccPending: z.boolean().optional().describe("Whether another ECC mode waits for a reset."),
  pcieWidth: z.number().optional().describe("Lanes of PCIe in use."),
  pcieMaxWidth: z.number().optional().describe("Lanes that GPU and slot can use."),
  eccUncorrected: z.number().optional().describe("Uncorrected ECC errors since the driver was loaded."),
  isRemapPending: z.boolean().optional(),
  isRemapFailed: z.boolean().optional(),
  isRetirementPending: z.boolean().optional().describe("Of GPUs before Ampere: whether faulty pages wait for a reset."),
  retiredPages: z.number().optional().describe("Of GPUs before Ampere: faulty pages that are no longer used."),
  unreadable: z.array(z.string()).optional().describe("Fields of nvidia-smi that the driver failed to read."),
  faults: z.array(faultSchema).describe("Worst first."),
  xids: z.record(z.string(), z.int().min(0)).describe("Xids of this boot, code to number."),
});

const switchEventSchema = z.object({
  busId: z.string().describe("PCI address of the NVSwitch."),
  sxid: z.int().min(0),
  count: z.int().min(1).describe("Number since the boot."),
  isFatal: z.boolean().describe("Whether it is a fault until the next boot."),
});

/** The section `gpu` of /status. */
export const gpuStatusSchema = z.object({
  devices: z.int().min(0).describe("NVIDIA GPUs on the PCI bus."),
  driverVersion: z.string().optional().describe("Of the kernel module that is loaded."),
  cudaVersion: z.string().optional().describe("The newest that the driver can run."),
  deviceNodes: z.int().min(0).optional().describe("Files /dev/nvidia0 and on."),
  nvSwitches: z.int().min(0).optional(),
  gpus: z.array(gpuSchema).optional(),
  faults: z.array(faultSchema).optional().describe("Faults that are not of one GPU, worst first."),
  switchEvents: z.array(switchEventSchema).optional().describe("SXids of this boot, which NVSwitches report."),
  xidPolicy: z
    .record(z.string(), z.string())
    .optional()
    .describe("Xids that gpu.xids takes for no fault, each with ignore or warn; absent where it names none."),
  runtime: z
    .object({
      binary: z.string().optional().describe("Program of containerd's runtime nvidia."),
      defaultRuntime: z.string().describe("containerd's runtime of pods that name none."),
      isCdiEnabled: z
        .boolean()
        .optional()
        .describe("Absent where it is left to containerd, which has CDI on from 2.0."),
      cdiOwner: z.string().optional().describe("Who keeps the CDI specification; absent where there is none."),
    })
    .optional()
    .describe("How pods get GPUs."),
});

/** Renders the section; undefined before the first observation. */
export function renderGpuStatus(view: GpuView | undefined): z.infer<typeof gpuStatusSchema> | undefined {
  if (view === undefined) return undefined;
  const { busIds, driverVersion, deviceNodes, nvSwitches } = view.facts;
  return {
    devices: busIds.length,
    driverVersion,
    cudaVersion: view.cudaVersion,
    deviceNodes,
    nvSwitches,
    gpus: view.gpus.map(renderGpu),
    faults: view.machineFaults?.map(renderFault),
    switchEvents: view.switchEvents?.map(({ busId, xid, count, isStanding }) => ({
      ...{ busId, sxid: xid, count },
      isFatal: isStanding,
    })),
    ...optional({ xidPolicy: view.xidPolicy }),
    runtime: view.runtime,
  };
}

function renderFault({ code, message, action }: GpuFault): z.infer<typeof faultSchema> {
  return { code, message, action };
}

function renderGpu({ busId, uuid, product, reading, faults, xids }: GpuState): z.infer<typeof gpuSchema> {
  return {
    busId,
    uuid,
    product,
    isAnswering: reading !== undefined,
    memoryTotalMebibytes: reading?.memoryTotalMebibytes,
    memoryUsedMebibytes: reading?.memoryUsedMebibytes,
    temperatureCelsius: reading?.temperatureCelsius,
    powerWatts: reading?.powerWatts,
    powerLimitWatts: reading?.powerLimitWatts,
    utilizationPercent: reading?.utilizationPercent,
    isPersistent: reading?.isPersistent,
    isMig: reading?.isMig,
    isMigPending: reading?.isMigPending,
    isEcc: reading?.isEcc,
    isEccPending: reading?.isEccPending,
    pcieWidth: reading?.pcieWidth,
    pcieMaxWidth: reading?.pcieMaxWidth,
    eccUncorrected: reading?.eccUncorrected,
    isRemapPending: reading?.isRemapPending,
    isRemapFailed: reading?.isRemapFailed,
    isRetirementPending: reading?.isRetirementPending,
    retiredPages: reading?.retiredPages,
    unreadable: reading?.unreadable?.slice(),
    faults: faults.map(renderFault),
    xids: Object.fromEntries(xids.map(({ xid, count }) => [xid, count])),
  };
}
