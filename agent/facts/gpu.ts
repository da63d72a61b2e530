// NVIDIA GPUs as the kernel shows them: on the PCI bus, and bound by the driver. This starts no process.
import type { Host } from "../host/host.ts";
import { optional } from "../optional.ts";

export interface GpuFacts {
  /** Addresses of the GPUs on the PCI bus, e.g. `0000:06:00.0`; audio functions, NVSwitches, GPUs of a VM and GPUs that the driver must leave alone do not count. */
  readonly busIds: readonly string[];
  readonly nvSwitches: number;
  /** E.g. `550.54.15`; undefined while no driver is loaded. */
  readonly driverVersion?: string;
  /** The GPUs that the driver is bound to. */
  readonly driven: readonly DrivenGpu[];
  /** Files `/dev/nvidia0` and on, through which programs reach the GPUs. */
  readonly deviceNodes: number;
}

export interface DrivenGpu {
  readonly busId: string;
  /** E.g. `GPU-5c1b…`; undefined until the driver has initialized the GPU. */
  readonly uuid?: string;
  readonly product?: string;
}

/** A folder for each device on the PCI bus, named by its address. */
export const PCI_DEVICES = "/sys/bus/pci/devices";
const DRIVER_GPUS = "/proc/driver/nvidia/gpus";
const NVIDIA = "0x10de";
/** PCI classes VGA controller and 3D controller. */
const GPU_CLASS = /^0x030[02]/;
/** PCI class "other bridge", which NVIDIA's NVSwitches have. */
const NVSWITCH_CLASS = /^0x0680/;
/** `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  …`, or `… Open Kernel Module for x86_64  550.54.15  …`. */
const DRIVER_VERSION = /^NVRM version:.{0,200}?\s(\d{1,5}\.\d{1,5}(?:\.\d{1,5})?)\s/m;
const UUID = /^GPU UUID:\s{1,20}(GPU-[0-9a-f-]{1,64})$/m;
/** Older drivers say `Blacklisted:`. */
const EXCLUDED = /^(?:GPU Excluded|Blacklisted):\s+Yes/m;
const MODEL = /^Model:[ \t]{1,20}(\S.{0,200})/m;

type Device = "gpu" | "nvswitch" | "other";

interface PciDevice {
  readonly name: string;
  readonly kind: Device;
}

/** Reads what the kernel shows about the GPUs. @throws file-unreadable */
export async function readGpus(host: Host): Promise<GpuFacts> {
  const shared = summarize(await readDevices(host));
  const { busIds } = shared;
  const version = DRIVER_VERSION.exec((await host.files.read("/proc/driver/nvidia/version")) ?? "")?.[1];
  if (version === undefined) return { ...shared, driven: [], deviceNodes: 0 };
  const [driven, nodes] = await Promise.all([readDriven(host), host.files.list("/dev")]);
  return {
    ...shared,
    // The administrator excluded them from the driver (NVreg_ExcludedGpus).
    busIds: busIds.filter((busId) => !driven.some((gpu) => gpu.busId === busId && gpu.isExcluded)),
    driverVersion: version,
    driven: driven.filter(({ isExcluded }) => !isExcluded).map(({ isExcluded: _, ...gpu }) => gpu),
    deviceNodes: nodes.filter((name) => /^nvidia\d+$/.test(name)).length,
  };
}

/** Reads what the PCI bus alone shows, without asking the driver. @throws file-unreadable */
export async function readPciGpus(host: Host): Promise<GpuFacts> {
  return { ...summarize(await readDevices(host)), driven: [], deviceNodes: 0 };
}

/** Whether there is a GPU on the PCI bus. @throws file-unreadable */
export async function hasGpu(host: Host): Promise<boolean> {
  return (await readDevices(host)).some(({ kind }) => kind === "gpu");
}

/**
 * A PCI address as the kernel writes it, `0000:06:00.0`: nvidia-smi writes `00000000:06:00.0`, the drivers' messages `0000:06:00`, `06:00.0`
 * or `0006:00`. Without a domain it is the first; without a function too.
 */
export function toBusId(address: string): string {
  const parts = address.toLowerCase().split(":");
  const [domain = "0", bus = "", ...rest] = parts.length < 3 ? ["0", ...parts] : parts;
  const short = domain.replace(/^0+/, "").padStart(4, "0");
  const place = [bus.replace(/^0+(?=..)/, ""), ...rest].join(":");
  return `${short}:${place.includes(".") ? place : `${place}.0`}`;
}

function summarize(devices: readonly PciDevice[]): Pick<GpuFacts, "busIds" | "nvSwitches"> {
  return {
    busIds: devices.filter(({ kind }) => kind === "gpu").map(({ name }) => name),
    nvSwitches: devices.filter(({ kind }) => kind === "nvswitch").length,
  };
}

async function readDevices(host: Host): Promise<readonly PciDevice[]> {
  const places = await readNvidiaPlaces(host);
  if (places?.size === 0) return [];
  const names = await host.files.list(PCI_DEVICES);
  const candidates = names.filter((name) => places?.has(placeOf(name)) ?? true);
  return Promise.all(candidates.map(async (name) => ({ name, kind: await readKind(host, `${PCI_DEVICES}/${name}`) })));
}

/**
 * Bus, device and function of NVIDIA's devices, in one read: a large machine has hundreds of other devices, and two loops read this. Lines
 * are `0630` (bus, device and function), a tab, `10de2236` (vendor, device), …; they omit the domain. Undefined without the file.
 */
async function readNvidiaPlaces({ files }: Host): Promise<ReadonlySet<string> | undefined> {
  const table = await files.read("/proc/bus/pci/devices");
  if (table === undefined) return undefined;
  const found = table.matchAll(/^([0-9a-f]{2})([0-9a-f]{2})\t10de/gm);
  return new Set(
    Array.from(found, ([, bus = "", devfn = ""]) => `${bus}:${toDeviceFunction(Number.parseInt(devfn, 16))}`),
  );
}

/** Five bits of device, three of function. */
function toDeviceFunction(devfn: number): string {
  return `${(devfn >> 3).toString(16).padStart(2, "0")}.${devfn & 7}`;
}

function placeOf(busId: string): string {
  return busId.slice(busId.indexOf(":") + 1);
}

async function readKind({ files }: Host, folder: string): Promise<Device> {
  if ((await files.read(`${folder}/vendor`))?.trim() !== NVIDIA) return "other";
  const type = (await files.read(`${folder}/class`)) ?? "";
  if (NVSWITCH_CLASS.test(type)) return "nvswitch";
  if (!GPU_CLASS.test(type)) return "other";
  // A device that is passed through belongs to a virtual machine.
  return (await files.readLink(`${folder}/driver`))?.endsWith("/vfio-pci") ? "other" : "gpu";
}

/** One file after another: the driver takes a lock for each, and a read that waits for it occupies one of Node's few threads for files. */
async function readDriven(host: Host): Promise<readonly (DrivenGpu & { readonly isExcluded: boolean })[]> {
  const found = [];
  for (const name of await host.files.list(DRIVER_GPUS)) {
    const text = (await host.files.read(`${DRIVER_GPUS}/${name}/information`)) ?? "";
    const uuid = UUID.exec(text)?.[1];
    const product = MODEL.exec(text)?.[1]?.trim();
    found.push({ busId: toBusId(name), isExcluded: EXCLUDED.test(text), ...optional({ uuid, product }) });
  }
  return found;
}
