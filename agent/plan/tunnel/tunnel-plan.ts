// The tunnel of a node: an interface with its peers, address and routes, and the chain that lets the VPC in where a firewall is.
import type { Config } from "../../config/schema.ts";
import { SatelliteError } from "../../errors.ts";
import type { TunnelFacts, TunnelGateway, WantedTunnel } from "../../facts/tunnel/tunnel-facts.ts";
import { DEFAULT_MTU, FIREWALL_CHAIN, TUNNEL_KEY_FILE } from "../../tunnel/names.ts";
import { planPodNat, podFilterRules } from "../pods/pod-rules.ts";
import { type ReachableGateway, tunnelLinks } from "./carrier.ts";
import { findConflict } from "./conflicts.ts";
import type { FirewallResource, TunnelPeer, TunnelResource } from "./resources.ts";

/** What is made of the facts: at most one of both. */
export interface TunnelDecision {
  /** What is set. */
  readonly tunnel?: WantedTunnel;
  /** Why it is not, although it is wanted. */
  readonly problem?: SatelliteError;
}

/** Decides whether the tunnel is set. One that would cut the machine off is withdrawn, also when it is there already. */
export function decideTunnel(facts: TunnelFacts | undefined, ipFamily: "ipv4" | "ipv6" | undefined): TunnelDecision {
  if (facts?.kind !== "wanted") return {};
  const { tunnel, surroundings } = facts;
  const problem = ipFamily === "ipv6" ? needsIpv4() : findConflict(tunnel, surroundings);
  return problem === undefined ? { tunnel } : { problem };
}

/** The node's address in the tunnel, where kubelet is to have it. */
export function tunnelAddress(
  facts: TunnelFacts | undefined,
  ipFamily: "ipv4" | "ipv6" | undefined,
): string | undefined {
  return facts?.kind === "damaged" ? facts.address : decideTunnel(facts, ipFamily).tunnel?.address;
}

/**
 * What the tunnel is made of, in the order in which it is set: a route that moves to the interface that carries the traffic is replaced
 * there before it would be deleted at the other.
 */
export function planTunnel({ network }: Config, tunnel: WantedTunnel): readonly (TunnelResource | FirewallResource)[] {
  const { keepaliveSeconds, userspace } = network.tunnel;
  const links = tunnelLinks(tunnel);
  const mtu = tunnelMtu(
    network.tunnel,
    links.flatMap(({ gateway }) => gateway ?? []),
  );
  const behind = [...tunnel.vpcCidrs, ...tunnel.remoteNetworks];
  const planned = links.map(
    ({ interface: name, gateway, isCarrier }): TunnelResource => ({
      kind: "tunnel",
      interface: name,
      keyFile: TUNNEL_KEY_FILE,
      publicKey: tunnel.publicKey,
      address: tunnel.address,
      // While the VPC's routes move, what comes by one interface may be answered by the other.
      hasAddress: links.length > 1,
      mtu,
      peers: gateway === undefined ? [] : [planPeer(gateway, behind, keepaliveSeconds)],
      routes: [
        ...(links.length > 1 && gateway !== undefined ? [`${gateway.address}/32`] : []),
        // kube-proxy replaces a Service's address by an endpoint's before the packet leaves; the source is chosen by this route before that.
        ...(isCarrier ? new Set([...behind, tunnel.serviceCidr]) : []),
      ],
      unreachable: tunnel.pods,
      userspace,
      why: isCarrier ? "the way to the cluster's VPC and Services" : "the way to the gateway that stands by",
    }),
  );
  const names = planned.map(({ interface: name }) => name).toSorted();
  return [...planned, planFirewall(tunnel, network.cni, names), ...planPodNat(network.cni, tunnel.pods, names)];
}

/** The largest packet: the configured one, or the least that a gateway says. */
export function tunnelMtu(
  { mtu }: Pick<Config["network"]["tunnel"], "mtu">,
  gateways: readonly Pick<TunnelGateway, "mtu">[],
): number {
  return mtu === "auto" ? Math.min(...gateways.map((gateway) => gateway.mtu ?? DEFAULT_MTU), DEFAULT_MTU) : mtu;
}

/** What is behind it may come from a gateway that stands by, too: while the VPC's routes move, each end may follow them first. */
function planPeer(gateway: ReachableGateway, behind: readonly string[], keepaliveSeconds: number): TunnelPeer {
  const { publicKey, resolved: endpoint, address } = gateway;
  return { publicKey, endpoint, allowedIps: [...new Set([...behind, `${address}/32`])], keepaliveSeconds };
}

/**
 * What the VPC sends to the node itself passes INPUT: kubelet's port, and pods on the host's network, whose ports are not known beforehand.
 * Only a CNI plugin's pods pass FORWARD, whose policy Docker sets to DROP.
 */
function planFirewall(
  { address, pods }: WantedTunnel,
  cni: Config["network"]["cni"],
  interfaces: readonly string[],
): FirewallResource {
  const podRules = podFilterRules(cni, pods, interfaces);
  return {
    kind: "firewall",
    chain: FIREWALL_CHAIN,
    parents: podRules.length === 0 ? ["INPUT"] : ["INPUT", "FORWARD"],
    rules: [...interfaces.map((name) => `-d ${address}/32 -i ${name} -j ACCEPT`), ...podRules],
    why: "what comes from the VPC reaches kubelet and pods behind a firewall of the machine",
  };
}

function needsIpv4(): SatelliteError {
  return new SatelliteError(
    "tunnel-needs-ipv4",
    "the cluster's Services have IPv6 addresses, and EKS takes remote networks of IPv4 alone",
    {
      hint: "Set network.tunnel.mode: off.",
    },
  );
}
