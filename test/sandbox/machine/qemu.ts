// QEMU's command line for a machine: one disk, two network cards, its serial console as the daemon's log.
import { join } from "node:path";
import { machineTree } from "../machine-tree.ts";
import { inNamespace } from "../network.ts";
import { type Accelerator, acceleratorFlags } from "./accelerator.ts";
import { initramfsName, kernelName } from "./kernel.ts";
import type { MachinePlace } from "./machine.ts";
import { qmpPath } from "./qmp.ts";
import { cardAddress, cards, tapOf } from "./taps.ts";
import { diskName } from "./virtual-tree.ts";

/** QEMU's name for the disk. */
export const diskId = "disk";

const kernelArguments = [
  ...["root=/dev/vda", "console=ttyS0", "panic=10"],
  // Interfaces have the names of their .link files; what guards against hostile neighbours only costs time here.
  ...["net.ifnames=0", "mitigations=off", "audit=0"],
];

/** The command that runs a machine in the foreground. */
export function qemuCommand(place: MachinePlace, base: string, accelerator: Accelerator): [string, ...string[]] {
  const { folder, addresses } = place;
  const networks = cards.flatMap((card) => [
    ...["-netdev", `tap,id=${card},ifname=${tapOf(card)},script=no,downscript=no`],
    ...["-device", `virtio-net-pci,netdev=${card},mac=${cardAddress(addresses, card)},romfile=`],
  ]);
  return inNamespace(addresses.machineNamespace, [
    ...["qemu-system-x86_64", "-machine", "q35", ...acceleratorFlags(accelerator), "-smp", "2", "-m", "2048"],
    ...["-nodefaults", "-display", "none", "-serial", "stdio"],
    ...["-qmp", `unix:${qmpPath(addresses.slot)},server=on,wait=off`],
    ...["-kernel", join(base, kernelName), "-initrd", join(base, initramfsName)],
    ...["-append", kernelArguments.join(" ")],
    // QEMU writes at once what the guest flushes, and the host keeps what QEMU wrote: SIGKILL loses the guest's cache alone.
    ...["-drive", `id=${diskId},file=${join(machineTree(folder), diskName)},format=raw,if=virtio,cache=writeback`],
    ...["-device", "virtio-rng-pci"],
    ...networks,
  ]);
}
