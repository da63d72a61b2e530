// The inventory as text: one line a subject for check, a few lines for people.
import type { Inventory } from "./read-inventory.ts";

const GIBIBYTE = 2 ** 30;
const GIGABYTE = 1e9;

/** One line: machine, processor, memory modules, disks, devices. */
export function renderOverview(inventory: Inventory): string {
  const { system, cpu, memory = [], disks = [], network = [], pci = [] } = inventory;
  const installed = memory.reduce((sum, { size = 0 }) => sum + size, 0);
  const disk = disks.reduce((sum, { size = 0 }) => sum + size, 0);
  const parts = [
    join([system?.system.manufacturer, system?.system.model, ...virtualWords(system)]),
    join([cpu?.brand ?? cpu?.manufacturer, cpu?.cores === undefined ? undefined : `${cpu.cores} threads`], ", "),
    installed === 0 ? "" : `${memory.length} memory modules of ${Math.round(installed / GIBIBYTE)} GiB`,
    disk === 0 ? "" : `${disks.length} disks of ${Math.round(disk / GIGABYTE)} GB`,
    network.length === 0 ? "" : `${network.length} network interfaces`,
    describePci(pci),
  ];
  return parts.filter((part) => part !== "").join("; ");
}

/** A few lines for people; what could not be read is at the end. */
export function renderInventory(inventory: Inventory): string {
  const { system, cpu, memory = [], disks = [], network = [], pci = [], problems } = inventory;
  const row = (name: string, words: string) => (words === "" ? [] : [`${name.padEnd(10)}${words}`]);
  const lines = [
    ...row(
      "system",
      join([system?.system.manufacturer, system?.system.model, system?.system.version, ...virtualWords(system)]),
    ),
    ...row("board", join([system?.board.manufacturer, system?.board.model, system?.board.version])),
    ...row("BIOS", join([system?.bios.vendor, system?.bios.version, system?.bios.releaseDate])),
    ...row("CPU", describeCpu(cpu)),
    ...memory.flatMap(({ bank, size = 0, type, clockSpeed, ecc, manufacturer, partNum }) => {
      const speed = withUnit(clockSpeed, "MHz");
      const amount = size === 0 ? undefined : `${Math.round(size / GIBIBYTE)} GiB`;
      return row("memory", join([bank, amount, type, speed, ecc === true ? "ECC" : undefined, manufacturer, partNum]));
    }),
    ...disks.flatMap(({ name, size = 0, physical, protocol, model }) =>
      row("disk", join([name, `${Math.round(size / GIGABYTE)} GB`, physical, protocol, model])),
    ),
    ...network.flatMap(({ name, state, speed, mtu, driver }) =>
      row(
        "network",
        join([name, state, withUnit(speed, "Mbit/s"), mtu === undefined ? undefined : `MTU ${mtu}`, driver]),
      ),
    ),
    ...pci.flatMap(({ address, kind, id, driver }) => row("PCI", join([address, kind, id, driver ?? "no driver"]))),
    ...problems.map(({ part, message }) => `${part}: not known: ${message}`),
  ];
  return `${lines.join("\n")}\n`;
}

function virtualWords(system: Inventory["system"]): readonly (string | undefined)[] {
  if (system?.system.virtual !== true) return [];
  const { virtualHost } = system.system;
  return [virtualHost === undefined ? "(virtual)" : `(virtual, ${virtualHost})`];
}

function describeCpu(cpu: Inventory["cpu"]): string {
  if (cpu === undefined) return "";
  const { brand, manufacturer, processors, physicalCores, cores, speedMax, virtualization } = cpu;
  const facts = [
    ...[withUnit(processors, "sockets"), withUnit(physicalCores, "cores"), withUnit(cores, "threads")],
    ...[withUnit(speedMax, "GHz"), virtualization === true ? "virtualization" : undefined],
  ];
  return join([join([manufacturer, brand]), ...facts], ", ");
}

/** `2 GPU (10de:2330), 4 NVSwitch (10de:22a3)`; a GPU without a driver says so. */
function describePci(pci: NonNullable<Inventory["pci"]>): string {
  const groups = Map.groupBy(
    pci,
    ({ kind, id, driver }) => `${kind} (${id}${driver === undefined ? ", no driver" : ""})`,
  );
  return Array.from(groups, ([words, devices]) => `${devices.length} ${words}`).join(", ");
}

function withUnit(amount: number | undefined, unit: string): string | undefined {
  return amount === undefined ? undefined : `${amount} ${unit}`;
}

function join(words: readonly (string | undefined)[], separator = " "): string {
  return words.filter((word) => word !== undefined && word !== "").join(separator);
}
