// Routes of the gateway to its peers: the cluster's networks, and the addresses of each node to which only smaller packets pass.

import type { NetworkEntry } from "../../tunnel/entries.ts";
import { MIN_MTU } from "../../tunnel/names.ts";
import type { AcceptedPeer } from "./accepted-peers.ts";

export interface PeerRoute {
  /** In CIDR notation. */
  readonly network: string;
  /** Undefined: the interface's. */
  readonly mtu?: number;
}

/** @param mtus as Nodes say them: what is no MTU below the interface's is left out, and so is that of a node without an entry */
export function planPeerRoutes(
  networks: readonly string[],
  peers: readonly AcceptedPeer[],
  { mtus, mtu: own }: { readonly mtus: ReadonlyMap<string, string>; readonly mtu: number },
): readonly PeerRoute[] {
  const small = peers.flatMap(({ node, allowedIps }) => {
    const text = mtus.get(node) ?? "";
    const mtu = /^[1-9][0-9]{3}$/.test(text) ? Number(text) : own;
    return mtu < MIN_MTU || mtu >= own ? [] : allowedIps.map((network) => ({ network, mtu }));
  });
  return [...networks.map((network) => ({ network })), ...small];
}

/** The aggregates that the VPC routes to the gateway. */
export function networksOf(network: NetworkEntry | undefined): readonly string[] {
  if (network === undefined) return [];
  return network.pods === undefined ? [network.nodes] : [network.nodes, network.pods];
}
