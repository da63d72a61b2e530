// The programs of a real tunnel: this machine's, or those that the sandbox has built. Undefined where one is missing.
import { accessSync, constants, globSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface Programs {
  readonly wg: string;
  readonly wireguardGo: string;
}

const cache = process.env.EKS_SATELLITE_CACHE ?? join(homedir(), ".cache/eks-satellite");

/** Finds them; a sentence that says what is missing where that is so. */
export function findPrograms(): Programs | string {
  const wg = find("wg", globSync(join(cache, "machine-*/usr/bin/wg")));
  const wireguardGo = find("wireguard-go", [join(cache, "wireguard-go/bin/wireguard")]);
  if (process.geteuid?.() !== 0) return "needs root, for network namespaces";
  if (!isExecutable("/dev/net/tun", constants.R_OK)) return "there is no /dev/net/tun";
  for (const name of ["ip", "iptables"]) if (find(name, []) === undefined) return `there is no ${name}`;
  if (wg === undefined) return "there is no wg: scripts/sandbox prepare brings one";
  if (wireguardGo === undefined) return "there is no wireguard-go: scripts/sandbox prepare builds it";
  return { wg, wireguardGo };
}

function find(name: string, others: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(":");
  return [...folders.map((folder) => join(folder, name)), ...others].find((path) => isExecutable(path, constants.X_OK));
}

function isExecutable(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
