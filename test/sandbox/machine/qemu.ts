// QEMU's command line for a machine: one disk, two network cards, its serial console as the daemon's log.
import { join } from "node:path";
import { machineTree } from "../machine-tree.ts";
import { inNamespace } from "../network.ts";
import type { Arch } from "../processor.ts";
import { type Accelerator, acceleratorFlags } from "./accelerator.ts";
import { hardware } from "./hardware.ts";
import { initramfsName, kernelName } from "./kernel.ts";
import type { MachinePlace } from "./machine.ts";
import { qmpPath } from "./qmp.ts";
import { cardAddress, cards, tapOf } from "./taps.ts";
import { diskName } from "./virtual-tree.ts";

/** QEMU's name for the disk. */
export const diskId = "disk";

const kernelArguments = [
  ...["root=/dev/vda", "panic=10"],
  // Interfaces have the names of their .link files; what guards against hostile neighbours only costs time here.
  ...["net.ifnames=0", "mitigations=off", "audit=0"],
];

/** What a machine is booted from, and what runs its instructions. */
export interface Boot {
  /** Folder of the kernel. */
  readonly base: string;
  readonly arch: Arch;
  readonly accelerator: Accelerator;
}

/** The command that runs a machine in the foreground. */
export function qemuCommand(
  { folder, addresses }: MachinePlace,
  { base, arch, accelerator }: Boot,
): [string, ...string[]] {
  const own = hardware[arch];
  const networks = cards.flatMap((card) => [
    ...["-netdev", `tap,id=${card},ifname=${tapOf(card)},script=no,downscript=no`],
    ...["-device", `virtio-net-pci,netdev=${card},mac=${cardAddress(addresses, card)},romfile=`],
  ]);
  return inNamespace(addresses.machineNamespace, [
    ...[own.program, "-machine", own.machine, ...acceleratorFlags(accelerator, own), "-smp", "2", "-m", "2048"],
    ...["-nodefaults", "-display", "none", "-serial", "stdio"],
    ...["-qmp", `unix:${qmpPath(addresses.slot)},server=on,wait=off`],
    ...["-kernel", join(base, kernelName), "-initrd", join(base, initramfsName)],
    ...["-append", [`console=${own.console}`, ...kernelArguments].join(" ")],
    // QEMU writes at once what the guest flushes, and the host keeps what QEMU wrote: SIGKILL loses the guest's cache alone.
    ...["-drive", `id=${diskId},file=${join(machineTree(folder), diskName)},format=raw,if=virtio,cache=writeback`],
    ...["-device", "virtio-rng-pci"],
    ...networks,
  ]);
}
