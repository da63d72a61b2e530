// What runs a virtual machine's instructions: KVM where a kernel comes up in it, QEMU's own translator elsewhere.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { clean } from "../environment.ts";
import { type Arch, hostArch, isForeign } from "../processor.ts";
import { writeAtomic } from "../state.ts";
import { type Hardware, hardware } from "./hardware.ts";
import { kernelName } from "./kernel.ts";

/** QEMU's words for the two. */
export type Accelerator = "kvm" | "tcg";

/** Below /run, which a boot of the host empties. */
const record = "/run/eks-satellite-accelerator";

/** On some machines /dev/kvm opens, and a kernel hangs in it before it says anything. */
const firstLineMs = 10_000;

/** Which one a machine of this processor has: KVM runs the host's alone. */
export async function findAcceleratorOf(arch: Arch, base: string): Promise<Accelerator> {
  return isForeign(arch) ? "tcg" : findAccelerator(base);
}

/** Which one this host has: `EKS_SATELLITE_ACCELERATOR`, or what was found since the host was booted, or a try. */
export async function findAccelerator(base: string): Promise<Accelerator> {
  const known = await readAccelerator();
  if (known !== undefined) return known;
  const found = (await comesUp(join(base, kernelName))) ? "kvm" : "tcg";
  await writeAtomic(record, found);
  return found;
}

/** What {@link findAccelerator} found earlier, or what the environment wants. */
export async function readAccelerator(): Promise<Accelerator | undefined> {
  const wanted = process.env.EKS_SATELLITE_ACCELERATOR;
  if (wanted === "kvm" || wanted === "tcg") return wanted;
  if (wanted) throw new Error(`EKS_SATELLITE_ACCELERATOR is kvm or tcg, not "${wanted}"`);
  const known = await readFile(record, "utf8").catch(() => "");
  return known === "kvm" || known === "tcg" ? known : undefined;
}

/** QEMU's flags for it. */
export function acceleratorFlags(accelerator: Accelerator, { emulated }: Hardware): readonly string[] {
  return accelerator === "kvm"
    ? ["-accel", "kvm", "-cpu", "host"]
    : ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", emulated];
}

async function comesUp(kernel: string): Promise<boolean> {
  const machine = ["-display", "none", "-nodefaults", "-serial", "stdio", "-m", "256", "-no-reboot"];
  const own = hardware[hostArch];
  const boot = ["-kernel", kernel, "-append", `console=${own.console} earlyprintk=serial panic=-1`];
  const options = { ...clean(), reject: false, timeout: firstLineMs, killSignal: "SIGKILL" } as const;
  const flags = ["-machine", own.machine, ...acceleratorFlags("kvm", own), ...machine, ...boot];
  const qemu = execa(own.program, flags, options);
  for await (const line of qemu) {
    if (!line.includes("Linux version")) continue;
    qemu.kill("SIGKILL");
    return true;
  }
  return false;
}
