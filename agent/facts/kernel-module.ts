// Whether the kernel has what a module brings: loaded, or built in, which leaves no folder below /sys/module when it has no parameters.
import type { Host } from "../host/host.ts";

/** A file that is there, or that has this line, when the kernel has what the module brings. */
const BRINGS: Readonly<Record<string, { readonly path: string; readonly word?: string }>> = {
  br_netfilter: { path: "/proc/sys/net/bridge/bridge-nf-call-iptables" },
  overlay: { path: "/proc/filesystems", word: "overlay" },
};

/** Whether a module is loaded, built in, or what it brings is there. Needs no modprobe(8), and changes nothing. */
export async function hasModule(host: Host, name: string): Promise<boolean> {
  const module = canonical(name);
  if ((await host.files.status(`/sys/module/${module}`)) !== undefined) return true;
  return (await bringsWhatItShould(host, module)) || (await isBuiltIn(host, module));
}

async function bringsWhatItShould({ files }: Host, module: string): Promise<boolean> {
  const brings = BRINGS[module];
  if (brings === undefined) return false;
  const { path, word } = brings;
  if (word === undefined) return (await files.status(path)) !== undefined;
  return ((await files.read(path)) ?? "").split(/\s/).includes(word);
}

/** modules.builtin has a path a line: `kernel/net/bridge/br_netfilter.ko`. */
async function isBuiltIn(host: Host, module: string): Promise<boolean> {
  const { kernel } = await host.systemInformation();
  const list = (await host.files.read(`/lib/modules/${kernel}/modules.builtin`)) ?? "";
  return list.split("\n").some((path) => canonical(path.slice(path.lastIndexOf("/") + 1)) === `${module}.ko`);
}

/** The kernel takes `-` and `_` in a module's name for the same. */
function canonical(name: string): string {
  return name.trim().replaceAll("-", "_");
}
