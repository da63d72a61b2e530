// The whole inventory: a child for each part that systeminformation reads, side by side, and what /sys shows.
import { describe, SatelliteError } from "../errors.ts";
import { cutText, oneLine, parseJson, withoutControls } from "../foreign-text.ts";
import type { Host } from "../host/host.ts";
import { type NetworkInterface, type PciDevice, readNetworkInterfaces, readPciDevices } from "./devices.ts";
import { HARDWARE_PARTS, type Hardware, type HardwarePart, PART_SCHEMAS } from "./parts.ts";

export interface Inventory extends Hardware {
  readonly network?: readonly NetworkInterface[];
  readonly pci?: readonly PciDevice[];
  /** What could not be read, and why. */
  readonly problems: readonly { readonly part: string; readonly message: string }[];
}

export interface InventorySource {
  readonly host: Host;
  /** Starts this program: its interpreter with arguments, and its file. */
  readonly program: readonly string[];
  /** What a part may take. */
  readonly timeoutSeconds?: number;
}

/** Shorter than the deadline of a check. */
const DEFAULT_TIMEOUT_SECONDS = 6;
const MAX_TEXT = 200;

/** Reads all of it. What fails is among the problems. */
export async function readInventory(source: InventorySource): Promise<Inventory> {
  const { host } = source;
  const readers = {
    ...Object.fromEntries(HARDWARE_PARTS.map((part) => [part, () => readPart(source, part)])),
    network: () => readNetworkInterfaces(host),
    pci: () => readPciDevices(host),
  };
  const problems: { part: string; message: string }[] = [];
  const read = Object.entries(readers).map(async ([part, reader]) => {
    try {
      return [part, await reader()] as const;
    } catch (error) {
      problems.push({ part, message: describe(error).message });
      return [part, undefined] as const;
    }
  });
  const parts = Object.fromEntries(await Promise.all(read)) as Hardware;
  if (parts.disks?.length === 0) problems.push({ part: "disks", message: "lsblk names no disk" });
  if (parts.memory === undefined) return { ...parts, problems: inOrder(problems) };
  const memory = parts.memory.filter(isModule);
  if (memory.length === 0) problems.push({ part: "memory", message: NO_MODULES });
  return { ...parts, memory, problems: inOrder(problems) };
}

function inOrder(problems: Inventory["problems"]): Inventory["problems"] {
  return problems.toSorted((one, other) => one.part.localeCompare(other.part));
}

/** A slot may be empty; and where dmidecode says nothing, the library gives the total of an unnamed one. */
function isModule({ size, type, formFactor, partNum }: NonNullable<Hardware["memory"]>[number]): boolean {
  return size !== undefined && [type, formFactor, partNum].some((word) => word !== undefined);
}

const NO_MODULES = "no modules are known: dmidecode is not installed, not root's, or the machine is a virtual one";

/** @throws inventory-part-failed, command-timeout and what else {@link Host.run} throws */
async function readPart(
  { host, program, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS }: InventorySource,
  part: HardwarePart,
): Promise<Hardware[HardwarePart]> {
  const [command = "", ...first] = program;
  const args = [...first, "inventory", "--part", part];
  const { exitCode, stdout, stderr } = await host.run(command, args, { timeoutSeconds }).catch((error: unknown) => {
    // Its own message and hint are about a command, which a user cannot run by hand.
    if (describe(error).code !== "command-timeout") throw error;
    throw new SatelliteError("command-timeout", `no answer in ${timeoutSeconds} s`);
  });
  const parsed = exitCode === 0 ? PART_SCHEMAS[part].safeParse(parseJson(stdout)) : undefined;
  if (parsed?.success) return parsed.data;
  const words = cutText(oneLine(withoutControls((stderr || stdout).trim())), MAX_TEXT);
  throw new SatelliteError("inventory-part-failed", `the reader exited with ${exitCode}: ${words || "nothing"}`);
}
