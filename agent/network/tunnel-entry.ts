// Where the tunnel of this node leads: as the configuration says, or as the cluster's two ConfigMaps say.
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { TunnelGateway } from "../facts/tunnel/tunnel-facts.ts";
import { optional } from "../optional.ts";
import { type ConfigMapData, type GatewayEntry, readGatewayMap, readNetworkMap } from "../tunnel/entries.ts";
import { NETWORK_CONFIG_MAP, TUNNEL_INTERFACES, TUNNEL_NAMESPACE } from "../tunnel/names.ts";

/** A node has an interface for each. */
const MAX_GATEWAYS = TUNNEL_INTERFACES.length;

export interface TunnelEntry {
  readonly address: string;
  readonly pods: readonly string[];
  /** An administrator entered the key by hand, here or in the cluster: no daemon may change it. */
  readonly isKeyPinned: boolean;
  readonly vpcCidrs: readonly string[];
  readonly remoteNetworks: readonly string[];
  /** Undefined: what DescribeCluster says. */
  readonly serviceCidr: string | undefined;
  /** Sorted by name: each has an interface of its own. */
  readonly gateways: readonly Omit<TunnelGateway, "resolved">[];
}

/** What the cluster says of this node. */
export type ClusterWord =
  /** It has no gateway: there is no ConfigMap, or the node may not read it. */
  | { readonly kind: "no-network" | "forbidden" }
  | { readonly kind: "no-entry" }
  | {
      readonly kind: "entry";
      readonly entry: TunnelEntry;
      /** What of the ConfigMaps is none, while the rest holds. */
      readonly problem: SatelliteError | undefined;
    };

/** A static tunnel's entry. */
export function entryOfConfig({ network }: Pick<Config, "network">): TunnelEntry {
  const { address = "", pods = [], vpcCidrs = [], gateways = [], serviceCidr } = network.tunnel;
  return {
    ...{ address, pods, vpcCidrs, serviceCidr, remoteNetworks: [], isKeyPinned: true },
    gateways: gateways.map((gateway, index) => ({ ...gateway, name: `gateways[${index}]`, mtu: undefined })),
  };
}

/**
 * Reads the two ConfigMaps; undefined for the first one: there is none. @throws tunnel-entry-invalid when this node's entry, or the
 * network's, is none: what held before holds on
 */
export function readClusterWord(
  node: string,
  network: ConfigMapData | undefined,
  gateways: ConfigMapData,
): ClusterWord {
  if (network === undefined) return { kind: "no-network" };
  if (network[node] === undefined) return { kind: "no-entry" };
  const map = readNetworkMap(network);
  const entry = map.nodes.get(node);
  if (entry === undefined || map.network === undefined) throw map.problems.find(isAbout(node)) ?? noNetwork();
  const { vpcCidrs, serviceCidr, nodes, pods } = map.network;
  const found = readGatewayMap(gateways);
  return {
    kind: "entry",
    entry: {
      ...{ address: entry.address, pods: entry.pods, vpcCidrs, serviceCidr },
      isKeyPinned: entry.publicKey !== undefined,
      remoteNetworks: [nodes, ...(pods === undefined ? [] : [pods])],
      gateways: listCurrent(found.gateways).map(([name, gateway]) => toGateway(name, gateway, node)),
    },
    problem: found.problems[0],
  };
}

/**
 * A gateway that got another name, or whose instance was replaced, leaves its old entry behind. Of two with one key or one address the newer
 * one is in force: WireGuard knows a peer by its key, and gives a network to one peer alone. Of more than two those count that began last.
 */
function listCurrent(gateways: ReadonlyMap<string, GatewayEntry>): readonly (readonly [string, GatewayEntry])[] {
  const newestFirst = [...gateways.values()].toSorted((one, other) => Date.parse(other.since) - Date.parse(one.since));
  const taken = new Set<string>();
  const current = newestFirst.filter(({ publicKey, address }) => {
    const isOld = taken.has(publicKey) || taken.has(address);
    taken.add(publicKey).add(address);
    return !isOld;
  });
  const kept = new Set(current.slice(0, MAX_GATEWAYS));
  return [...gateways].filter(([, entry]) => kept.has(entry));
}

/** Of the keys that a gateway accepts this node's own is of interest, and nothing else. */
function toGateway(name: string, gateway: GatewayEntry, node: string): TunnelEntry["gateways"][number] {
  const { publicKey, nextPublicKey, endpoint, address, mtu, peers } = gateway;
  const next = optional({ nextPublicKey });
  const own = peers[node];
  return { name, publicKey, ...next, endpoint, address, mtu, peers: own === undefined ? {} : { [node]: own } };
}

/** Why there is no entry. */
export function describeAbsence(word: ClusterWord["kind"]) {
  return word === "no-entry"
    ? { reason: "NoEntry" as const, message: "the cluster has a gateway, and no entry for this node" }
    : { reason: "NotUsed" as const, message: "the cluster has no gateway" };
}

/** The problems of other nodes' entries are theirs. */
function isAbout(node: string) {
  return ({ message }: SatelliteError) => [node, "_network"].some((name) => message.startsWith(`entry ${name} of `));
}

function noNetwork(): SatelliteError {
  return new SatelliteError(
    "tunnel-entry-invalid",
    `the ConfigMap ${NETWORK_CONFIG_MAP} in ${TUNNEL_NAMESPACE} has an entry for this node, and no _network`,
    { hint: "An administrator writes it: eks-satellite gateway create." },
  );
}
