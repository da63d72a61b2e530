// The machines that QEMU makes, by processor.
import type { Arch } from "../processor.ts";

/** One kind, in QEMU's words and the kernel's. */
export interface Hardware {
  readonly program: string;
  readonly machine: string;
  /** The processor that is emulated where there is no KVM. */
  readonly emulated: string;
  /** The serial console. */
  readonly console: string;
}

export const hardware: Readonly<Record<Arch, Hardware>> = {
  // Later processors have wide vectors and fast copies of strings, which cost an emulator more than they save.
  amd64: { program: "qemu-system-x86_64", machine: "q35", emulated: "Nehalem", console: "ttyS0" },
  // Later processors authenticate pointers, which costs an emulator most.
  arm64: { program: "qemu-system-aarch64", machine: "virt", emulated: "cortex-a72", console: "ttyAMA0" },
};
