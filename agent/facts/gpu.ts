// NVIDIA GPUs as the kernel sees them: on the PCI bus, and the driver that is loaded.
import type { Host } from "../host/host.ts";

export interface GpuFacts {
  /** GPUs on the PCI bus; their audio functions and NVSwitches do not count. */
  readonly devices: number;
  /** E.g. `550.54.15`; undefined while no driver is loaded. */
  readonly driverVersion?: string;
}

const PCI_DEVICES = "/sys/bus/pci/devices";
const NVIDIA = "0x10de";
/** PCI classes VGA controller and 3D controller. */
const GPU_CLASS = /^0x030[02]/;
/** `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  …`, or `… Open Kernel Module for x86_64  550.54.15  …`. */
const DRIVER_VERSION = /^NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s/m;

/** Reads what the kernel shows of the GPUs. */
export async function readGpu(host: Host): Promise<GpuFacts> {
  const names = await host.files.list(PCI_DEVICES);
  const isGpu = await Promise.all(names.map((name) => isNvidiaGpu(host, `${PCI_DEVICES}/${name}`)));
  const driver = DRIVER_VERSION.exec((await host.files.read("/proc/driver/nvidia/version")) ?? "")?.[1];
  return { devices: isGpu.filter(Boolean).length, ...(driver === undefined ? {} : { driverVersion: driver }) };
}

async function isNvidiaGpu({ files }: Host, folder: string): Promise<boolean> {
  const vendor = (await files.read(`${folder}/vendor`))?.trim();
  return vendor === NVIDIA && GPU_CLASS.test((await files.read(`${folder}/class`)) ?? "");
}
