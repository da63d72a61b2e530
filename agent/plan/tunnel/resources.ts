// The two kinds of resources of a tunnel, each with its text: what plan --diff shows, and what is compared with the machine.
import type { WantedTunnel } from "../../facts/tunnel/tunnel-facts.ts";

export interface TunnelPeer {
  readonly publicKey: string;
  /** `ADDRESS:PORT`, as wg(8) writes it. */
  readonly endpoint: string;
  readonly allowedIps: readonly string[];
  readonly keepaliveSeconds: number;
}

/** A WireGuard interface with all that belongs to it. */
export interface TunnelResource {
  readonly kind: "tunnel";
  /** E.g. `es0`. */
  readonly interface: string;
  /** Where its private key is. */
  readonly keyFile: string;
  /** The key that belongs to the private one. */
  readonly publicKey: string;
  /** On `lo`, as /32: it survives every change of the interface. */
  readonly address: string;
  /**
   * Whether the interface has the address, too: one without any takes nothing from where another interface leads, for all that its reverse
   * path filter is loose (fib_validate_source in net/ipv4/fib_frontend.c).
   */
  readonly hasAddress: boolean;
  readonly mtu: number;
  readonly peers: readonly TunnelPeer[];
  /** Networks behind the interface; packets to them have {@link address} as their source. */
  readonly routes: readonly string[];
  /** Networks of the node's own pods: an address that no pod has leads nowhere, and not back into the tunnel. */
  readonly unreachable?: readonly string[];
  /** Whether wireguard-go may run where the kernel has no WireGuard. */
  readonly userspace: "never" | "allow";
  readonly why: string;
}

/** A tunnel as a whole: what it is to lead to, and its interfaces. */
export interface PlannedTunnel {
  readonly wanted: WantedTunnel;
  readonly links: readonly TunnelResource[];
}

/** A chain of the agent's own in a table of iptables, with a jump to it from each of `parents`. */
export interface FirewallResource {
  readonly kind: "firewall";
  /** Default: `filter`, whose rules accept and need no order. Those of `nat` are in order. */
  readonly table?: "nat";
  readonly chain: string;
  readonly parents: readonly string[];
  /** As `iptables --list-rules` prints them, without `-A CHAIN`. */
  readonly rules: readonly string[];
  readonly why: string;
}

/** Renders what a tunnel is to be, one line a thing. */
export function renderTunnel(tunnel: Omit<TunnelResource, "kind" | "keyFile" | "userspace" | "why">): string {
  const { address, mtu, peers, routes, publicKey, unreachable = [] } = tunnel;
  return renderLines([
    `interface ${tunnel.interface}, up, MTU ${mtu}`,
    "reverse path filter: loose",
    `public key ${publicKey}`,
    `address ${address}/32 on lo`,
    ...(tunnel.hasAddress ? [`address ${address}/32 on ${tunnel.interface}`] : []),
    ...peers.map(renderPeer).toSorted(),
    ...routes.map((destination) => renderRoute(destination, address)).toSorted(),
    ...unreachable.map(renderUnreachable).toSorted(),
  ]);
}

export function renderUnreachable(destination: string): string {
  return `unreachable ${destination}, but for addresses of pods`;
}

export function renderPeer({ publicKey, endpoint, keepaliveSeconds, allowedIps }: TunnelPeer): string {
  return `peer ${publicKey} at ${endpoint}, keepalive ${keepaliveSeconds} s, for ${allowedIps.toSorted().join(" ")}`;
}

export function renderRoute(destination: string, source: string | undefined): string {
  return `route ${destination} from ${source ?? "any address"}`;
}

/** Renders what the chain is to be. */
export function renderFirewall({
  table,
  chain,
  parents,
  rules,
}: Pick<FirewallResource, "table" | "chain" | "parents" | "rules">): string {
  const lines = rules.map((rule) => `-A ${chain} ${rule}`);
  return renderLines([
    ...parents.map((parent) => `-A ${parent} -j ${chain}`).toSorted(),
    ...(table === undefined ? lines.toSorted() : lines),
  ]);
}

function renderLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
