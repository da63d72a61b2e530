// Who may speak through this gateway, and from which addresses: administrators say the addresses, Nodes say their keys. Decides, and touches nothing.
import { SatelliteError } from "../../errors.ts";
import type { NetworkEntry, NetworkMap, NodeEntry } from "../../tunnel/entries.ts";
import { wireguardKey } from "../../tunnel/entries.ts";
import { PUBLIC_KEY_ANNOTATION } from "../../tunnel/names.ts";
import { isWithin, type Range, RangeTable, toRange } from "./ipv4-range.ts";

/** A node that the gateway accepts. */
export interface AcceptedPeer {
  readonly node: string;
  readonly publicKey: string;
  readonly address: string;
  /** `address` as /32, then the networks of its pods. */
  readonly allowedIps: readonly string[];
}

export interface PeerSources {
  readonly map: NetworkMap;
  /** The annotation of each Node that has it, as it is written. */
  readonly annotations: ReadonlyMap<string, string>;
  /** Keys that were accepted before, by node: of two nodes that claim one key, the one that had it keeps it, also while its Node is away. */
  readonly held: ReadonlyMap<string, string>;
  /** The gateway's own key, which is no peer's. */
  readonly ownKey: string;
}

/** The keys that the next decision holds to: a node with an entry keeps its key until it says another, or another node has got it. */
export function holdKeys(
  { map, held }: Pick<PeerSources, "map" | "held">,
  peers: readonly AcceptedPeer[],
): ReadonlyMap<string, string> {
  const now = new Map(peers.map(({ node, publicKey }) => [node, publicKey]));
  const taken = new Set(now.values());
  const kept = [...held].filter(([node, key]) => map.nodes.has(node) && !now.has(node) && !taken.has(key));
  return new Map([...kept, ...now]);
}

export interface AcceptedPeers {
  /** By node's name. */
  readonly peers: readonly AcceptedPeer[];
  /** tunnel-entry-invalid, tunnel-entry-outside, tunnel-entry-overlaps, tunnel-key-invalid, tunnel-key-taken. */
  readonly problems: readonly SatelliteError[];
  /** Nodes with an entry and no key yet. */
  readonly waiting: readonly string[];
}

/** Accepts every entry that is sound and has a key. One that is not takes no other with it. */
export function acceptPeers(sources: PeerSources): AcceptedPeers {
  const { network, nodes, problems: unreadable } = sources.map;
  const problems = [...unreadable];
  const peers: AcceptedPeer[] = [];
  const waiting: string[] = [];
  if (network === undefined) return { peers, problems, waiting };
  const taken = new RangeTable();
  const keys = claimKeys(sources, problems);
  for (const [node, entry] of nodes) {
    const allowedIps = [`${entry.address}/32`, ...entry.pods];
    const problem = findOutside(network, node, entry) ?? takeRanges(taken, node, allowedIps);
    if (problem !== undefined) problems.push(problem);
    else if (keys.has(node)) peers.push({ node, publicKey: keys.get(node) ?? "", address: entry.address, allowedIps });
    else waiting.push(node);
  }
  return { peers, problems, waiting };
}

/** The key of each node with an entry: the one that an administrator pinned, or the one that its Node says. */
function claimKeys(
  { map, annotations, held, ownKey }: PeerSources,
  problems: SatelliteError[],
): ReadonlyMap<string, string> {
  const claims = [...map.nodes].flatMap(([node, { publicKey }]) => {
    const said = publicKey ?? annotations.get(node);
    const key = said ?? held.get(node);
    return key === undefined ? [] : [{ node, key, isPinned: publicKey !== undefined, isSaid: said !== undefined }];
  });
  const owners = new Map<string, string>();
  // A pinned key before any other; then the one that was accepted before; then by name.
  const rank = ({ node, key, isPinned }: (typeof claims)[number]) => (isPinned ? 0 : held.get(node) === key ? 1 : 2);
  const keys = new Map<string, string>();
  for (const { node, key, isSaid } of claims.toSorted((one, other) => rank(one) - rank(other))) {
    const owner = owners.get(key);
    if (!wireguardKey.safeParse(key).success) problems.push(invalidKey(node));
    else if (owner !== undefined || key === ownKey) problems.push(takenKey(node, owner ?? "this gateway"));
    else {
      owners.set(key, node);
      if (isSaid) keys.set(node, key);
    }
  }
  return keys;
}

function findOutside(network: NetworkEntry, node: string, { address, pods }: NodeEntry): SatelliteError | undefined {
  if (!isWithin(toRange(address), toRange(network.nodes)))
    return outside(node, `address ${address}`, `the nodes' network ${network.nodes}`);
  const aggregate = network.pods;
  const foreign = pods.find((prefix) => aggregate === undefined || !isWithin(toRange(prefix), toRange(aggregate)));
  if (foreign === undefined) return undefined;
  return outside(
    node,
    `pods ${foreign}`,
    aggregate === undefined ? "any pods' network" : `the pods' network ${aggregate}`,
  );
}

/** All of an entry's ranges, or none of them. */
function takeRanges(taken: RangeTable, node: string, networks: readonly string[]): SatelliteError | undefined {
  const own = new RangeTable();
  const ranges: Range[] = [];
  for (const network of networks) {
    const range = toRange(network);
    const owner = taken.ownerOf(range) ?? own.ownerOf(range);
    if (owner !== undefined)
      return new SatelliteError("tunnel-entry-overlaps", `entry ${node}: ${network} overlaps with ${owner}'s`, {
        hint: `Give one of them other addresses: eks-satellite revoke … --node-name ${node} --tunnel, then authorize --tunnel again.`,
      });
    own.add(range, `another of ${node}`);
    ranges.push(range);
  }
  for (const range of ranges) taken.add(range, node);
  return undefined;
}

function outside(node: string, what: string, where: string): SatelliteError {
  return new SatelliteError("tunnel-entry-outside", `entry ${node}: ${what} is not within ${where}`, {
    hint: `The VPC routes these networks alone to the gateway. Give the node other addresses: eks-satellite revoke … --node-name ${node} --tunnel, then eks-satellite authorize … --node-name ${node} --tunnel.`,
  });
}

function invalidKey(node: string): SatelliteError {
  return new SatelliteError(
    "tunnel-key-invalid",
    `the annotation ${PUBLIC_KEY_ANNOTATION} of Node ${node} is no WireGuard key`,
    {
      hint: `Restart eks-satellite on ${node}: it writes the annotation again.`,
    },
  );
}

function takenKey(node: string, owner: string): SatelliteError {
  return new SatelliteError("tunnel-key-taken", `Node ${node} says a key that is ${owner}'s`, {
    hint: `On ${node}: rm /etc/eks-satellite/tunnel.key, then systemctl restart eks-satellite. A machine that was cloned has the key of its original.`,
  });
}
