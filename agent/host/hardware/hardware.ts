// The calls of systeminformation that the inventory uses. The bundle has this in a file of its own: only a child loads it.
import { baseboard, bios, blockDevices, cpu, memLayout, system } from "systeminformation";

const READERS = {
  system: async () => ({ system: await system(), board: await baseboard(), bios: await bios() }),
  cpu: async () => cpu(),
  memory: async () => memLayout(),
  disks: async () => (await blockDevices()).filter(({ type }) => type === "disk"),
} as const satisfies Readonly<Record<string, () => Promise<unknown>>>;

/** Reads one part of the hardware. It may hang. */
export function readHardware(part: keyof typeof READERS): Promise<unknown> {
  return READERS[part]();
}
