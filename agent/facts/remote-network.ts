// Whether EKS knows this node's network: it signs no serving certificate of a hybrid node elsewhere, and sends nothing there.
import ipaddr from "ipaddr.js";
import type { ClusterFacts } from "../aws/cluster.ts";
import { SatelliteError } from "../errors.ts";

/** What EKS takes as a remote network. */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] as const;

/** The problem of a hybrid node's address; undefined when there is none, or when the answer of DescribeCluster is of an older version. */
export function findRemoteNetworkProblem(
  { name, region, remoteNetworks }: ClusterFacts,
  address: string | undefined,
): SatelliteError | undefined {
  if (remoteNetworks === undefined || address === undefined || !ipaddr.IPv4.isValidFourPartDecimal(address))
    return undefined;
  const { nodes, pods } = remoteNetworks;
  if (isInNetworks(address, nodes)) return undefined;
  const lacking =
    nodes.length === 0
      ? `cluster ${name} has no remoteNodeNetworks, and the node's address is ${address}`
      : `the node's address ${address} is outside cluster ${name}'s remoteNodeNetworks (${nodes.join(", ")})`;
  return new SatelliteError(
    "remote-network-missing",
    `${lacking}: EKS does not sign kubelet's serving certificate, and kubectl logs and exec do not reach it`,
    {
      hint: isInNetworks(address, PRIVATE)
        ? `An administrator: aws eks update-cluster-config --region ${region} --name ${name} --remote-network-config '${renderConfig([...nodes, neighbourhood(address)], pods)}', and a route from the VPC to that network.`
        : `EKS takes private networks alone (${PRIVATE.join(", ")}): set node.ip to this machine's address in one, as a VPN gives it.`,
    },
  );
}

/** A network in CIDR notation, or one address. Networks are IPv4 there; what is none holds no address. */
export function isInNetworks(address: string, networks: readonly string[]): boolean {
  return networks.some((network) => {
    const cidr = network.includes("/") ? network : `${network}/32`;
    return ipaddr.IPv4.isValidCIDR(cidr) && ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(cidr));
  });
}

/** The update replaces what is configured: what is there is named again. */
function renderConfig(nodes: readonly string[], pods: readonly string[]): string {
  return JSON.stringify({
    remoteNodeNetworks: [{ cidrs: nodes }],
    ...(pods.length === 0 ? {} : { remotePodNetworks: [{ cidrs: pods }] }),
  });
}

/** The 256 addresses around one. */
function neighbourhood(address: string): string {
  return `${address.slice(0, address.lastIndexOf("."))}.0/24`;
}
