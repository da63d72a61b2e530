// GPUs, accelerators and network interfaces as the kernel shows them below /sys: without a driver, too, and without starting a program.
import type { Host } from "../host/host.ts";
import { optional } from "../optional.ts";

/** A device on the PCI bus. */
export interface PciDevice {
  /** E.g. `0000:06:00.0`. */
  readonly address: string;
  readonly kind: PciKind;
  /** Vendor and device, e.g. `10de:2236`. */
  readonly id: string;
  /** Undefined while no driver is bound to it. */
  readonly driver?: string;
}

/** A network interface with a device; those of pods, bridges and tunnels have none. */
export interface NetworkInterface {
  readonly name: string;
  readonly driver?: string;
  /** E.g. `up`. */
  readonly state?: string;
  /** Mbit/s; undefined while there is no link. */
  readonly speed?: number;
  readonly mtu?: number;
}

type PciKind = "GPU" | "NVSwitch" | "accelerator" | "InfiniBand";

const PCI = "/sys/bus/pci/devices";
const NET = "/sys/class/net";
const MAX_DEVICES = 256;
const NVIDIA = "0x10de";

/** Lists GPUs, NVSwitches, accelerators and InfiniBand adapters. @throws file-unreadable */
export async function readPciDevices(host: Pick<Host, "files">): Promise<readonly PciDevice[]> {
  const found: PciDevice[] = [];
  for (const address of await host.files.list(PCI)) {
    const folder = `${PCI}/${address}`;
    const read = async (name: string) => (await readValue(host, `${folder}/${name}`)) ?? "";
    const vendor = await read("vendor");
    const kind = kindOf(await read("class"), vendor);
    if (kind === undefined) continue;
    const id = `${vendor}:${await read("device")}`.replaceAll("0x", "");
    const driver = baseName(await host.files.readLink(`${folder}/driver`));
    found.push({ address, kind, id, ...optional({ driver }) });
    if (found.length >= MAX_DEVICES) break;
  }
  return found;
}

/** Classes of the PCI specification: 03 displays, 0680 other bridges, 12 accelerators, 0207 InfiniBand. A BMC's display is VGA, too: it counts. */
function kindOf(pciClass: string, vendor: string): PciKind | undefined {
  if (pciClass.startsWith("0x03")) return "GPU";
  if (pciClass.startsWith("0x0680")) return vendor === NVIDIA ? "NVSwitch" : undefined;
  if (pciClass.startsWith("0x12")) return "accelerator";
  return pciClass.startsWith("0x0207") ? "InfiniBand" : undefined;
}

/** Lists the interfaces that are devices. @throws file-unreadable */
export async function readNetworkInterfaces(host: Pick<Host, "files">): Promise<readonly NetworkInterface[]> {
  const found: NetworkInterface[] = [];
  for (const name of await host.files.list(NET)) {
    const folder = `${NET}/${name}`;
    if ((await host.files.readLink(`${folder}/device`)) === undefined) continue;
    const [state, speed, mtu] = await Promise.all(
      ["operstate", "speed", "mtu"].map((each) => readValue(host, `${folder}/${each}`)),
    );
    const driver = baseName(await host.files.readLink(`${folder}/device/driver`));
    found.push({ name, ...optional({ driver, state, speed: toNumber(speed), mtu: toNumber(mtu) }) });
    if (found.length >= MAX_DEVICES) break;
  }
  return found;
}

/** The kernel refuses to read the speed of an interface that is down. */
async function readValue({ files }: Pick<Host, "files">, path: string): Promise<string | undefined> {
  const text = await files.read(path).catch(() => undefined); // The device has no such value, or has gone.
  return text?.trim().slice(0, 100);
}

function toNumber(text: string | undefined): number | undefined {
  const value = Number(text);
  return text === undefined || !(value > 0) ? undefined : value;
}

function baseName(path: string | undefined): string | undefined {
  return path?.split("/").at(-1);
}
