// The host's kernel starts programs of another processor through qemu's user mode: so a file tree of that processor is configured by its own programs.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Architecture } from "../../../scripts/release/architecture.ts";
import { clean } from "../environment.ts";

const mountPoint = "/proc/sys/fs/binfmt_misc";

/** ELF's numbers of the processors, e_machine, in hexadecimal digits: elf(5). */
const elfMachines: Readonly<Record<Architecture["name"], string>> = { amd64: "3e", arm64: "b7" };

/** Registers qemu's user mode for a processor, until the host's next boot, unless it is registered. Needs root. */
export async function registerEmulator(architecture: Architecture): Promise<void> {
  if (!(await isMounted())) await execa("mount", ["-t", "binfmt_misc", "binfmt_misc", mountPoint], clean());
  const own = `eks-satellite-${architecture.gnuName}`;
  // Debian's packages and systemd register under qemu's name.
  for (const name of [`qemu-${architecture.gnuName}`, own]) if (await isUsable(name)) return;
  await writeFile(join(mountPoint, "register"), renderRegistration(own, architecture));
}

/** The line for the kernel: what a 64-bit, little-endian program or library of the processor begins with, and what runs it. */
export function renderRegistration(name: string, { name: arch, gnuName }: Architecture): string {
  const [zero, any, exact] = ["\\x00", "\\x00", "\\xff"];
  const magic = `\\x7fELF\\x02\\x01\\x01${zero.repeat(9)}\\x02\\x00\\x${elfMachines[arch]}\\x00`;
  // The byte of the ABI may be any one, and type 3, a program at any address, is as good as 2.
  const mask = `${exact.repeat(7)}${any}${exact.repeat(8)}\\xfe${exact.repeat(3)}`;
  // F: the kernel opens qemu now, and so needs no qemu below a chroot.
  return `:${name}:M::${magic}:${mask}:/usr/bin/qemu-${gnuName}-static:F`;
}

async function isMounted(): Promise<boolean> {
  return (await readFile(join(mountPoint, "status"), "utf8").catch(() => "")) !== "";
}

/** Whether it is registered, and works in a chroot. */
async function isUsable(name: string): Promise<boolean> {
  const entry = await readFile(join(mountPoint, name), "utf8").catch(() => "");
  return /^enabled$/m.test(entry) && /^flags: .*F/m.test(entry);
}
