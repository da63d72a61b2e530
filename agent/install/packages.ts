// The programs that a node needs from its distribution, and which of them are missing.
import type { LocalConfig } from "../config/machine-config.ts";
import type { Host } from "../host/host.ts";

/** What the node's tunnel needs of the distribution. */
export interface TunnelNeeds {
  readonly tunnel: boolean;
  /** The kernel has no WireGuard, and the configuration allows a program in its place. */
  readonly wireguardGo: boolean;
}

const NO_TUNNEL: TunnelNeeds = { tunnel: false, wireguardGo: false };

export interface Dependency {
  /** Debian's and Ubuntu's name of the package. */
  readonly package: string;
  readonly program: string;
  readonly why: string;
  /** Whether a configuration needs it; left out, every one does. */
  readonly isNeeded?: (config: LocalConfig, needs: TunnelNeeds) => boolean;
}

/** In the order of the report. */
const DEPENDENCIES: readonly Dependency[] = [
  { package: "containerd", program: "containerd", why: "runs the pods" },
  { package: "runc", program: "runc", why: "starts containers for containerd" },
  { package: "iptables", program: "iptables", why: "kubelet's and kube-proxy's rules" },
  { package: "conntrack", program: "conntrack", why: "kube-proxy ends stale connections with it" },
  { package: "socat", program: "socat", why: "kubectl port-forward on older runtimes" },
  { package: "wireguard-tools", program: "wg", why: "the node's tunnel", isNeeded: (_, { tunnel }) => tunnel },
  {
    package: "wireguard-go",
    program: "wireguard-go",
    why: "the node's tunnel, since the kernel has no WireGuard",
    isNeeded: (_, { wireguardGo }) => wireguardGo,
  },
];

const FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** The programs that a node of this configuration needs. */
export function dependenciesOf(config: LocalConfig, needs = NO_TUNNEL): readonly Dependency[] {
  return DEPENDENCIES.filter(({ isNeeded }) => isNeeded?.(config, needs) ?? true);
}

/** Finds what is missing. It checks programs, not packages, because Docker's containerd.io contains containerd and runc. @throws file-unreadable */
export async function findMissing(host: Host, config: LocalConfig, needs = NO_TUNNEL): Promise<readonly Dependency[]> {
  const needed = dependenciesOf(config, needs);
  const found = await Promise.all(needed.map(({ program }) => hasProgram(host, program)));
  return needed.filter((_, index) => found[index] === false);
}

async function hasProgram(host: Host, name: string): Promise<boolean> {
  for (const folder of FOLDERS) if ((await host.files.status(`${folder}/${name}`))?.kind === "file") return true;
  return false;
}
