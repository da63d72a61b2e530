// The processor of a sandbox's machine: the host's own, or arm64 on a host of amd64, which QEMU emulates.
import { ARCHITECTURES, type Architecture } from "../../scripts/release/architecture.ts";

/** A kind of processor, under the name that Debian and Go give it. */
export type Arch = Architecture["name"];
export const arches = ["amd64", "arm64"] as const satisfies readonly Arch[];

/** The host's. */
export const hostArch: Arch = process.arch === "arm64" ? "arm64" : "amd64";

/** Whether a machine's processor is another one than the host's; what says nothing of it has the host's. */
export function isForeign(arch: Arch | undefined): arch is Arch {
  return arch !== undefined && arch !== hostArch;
}

/** What a release knows of a processor. */
export function architectureOf(arch: Arch): Architecture {
  const found = ARCHITECTURES.find(({ name }) => name === arch);
  if (found === undefined) throw new Error(`no release is made for ${arch}`);
  return found;
}
