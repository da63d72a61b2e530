// Which node has which address in the tunnel: administrators alone decide, in the ConfigMap that nodes and gateways read.
import { isDeepStrictEqual } from "node:util";
import { SatelliteError } from "../../errors.ts";
import { optional } from "../../optional.ts";
import {
  type NetworkEntry,
  type NodeEntry,
  readGatewayMap,
  readNetworkMap,
  renderNodeEntry,
} from "../../tunnel/entries.ts";
import type { Change } from "../change.ts";
import type { ClusterAccess } from "../cluster-access.ts";
import type { AskKubernetes } from "../kubernetes-call.ts";
import {
  checkRoom,
  GATEWAY_MAP,
  type MapContext,
  type MapData,
  NETWORK_MAP,
  planMapEdit,
  readMap,
} from "./network-map.ts";
import { capacityOf, isAssignable, nextAddress } from "./networks.ts";
import { choosePods, type PodsRequest } from "./pod-prefixes.ts";

export interface TunnelRequest {
  /** Names of the nodes. */
  readonly nodes: readonly string[];
  /** For one node; undefined takes the next free one. */
  readonly address: string | undefined;
  /** Of one node, where its Node's annotation cannot be read. */
  readonly publicKey: string | undefined;
  /** Of one node: the network of its pods; undefined takes the next free one. */
  readonly pods?: PodsRequest;
}

export interface TunnelPlan {
  readonly changes: readonly Change[];
  /** What each node has, or gets unless another administrator is faster. */
  readonly entries: ReadonlyMap<string, NodeEntry>;
  /** What is worth a word before the question. */
  readonly notes: readonly string[];
}

/** @throws gateway-needed, address-taken, address-outside, address-differs, network-full, pods-taken, pods-outside, pods-differ, api-forbidden, … */
export async function planAddresses(
  context: MapContext,
  cluster: Pick<ClusterAccess, "name" | "region">,
  request: TunnelRequest,
): Promise<TunnelPlan> {
  const seen = await readMap(context.ask, NETWORK_MAP);
  const allocated = { entries: new Map<string, NodeEntry>() };
  const change = planMapEdit(context, NETWORK_MAP, {
    seen,
    edit: (data) => {
      allocated.entries = allocate(data, cluster, request);
      const changes = changesOf(data, allocated.entries);
      if (changes !== undefined) checkRoom(data, changes);
      return changes;
    },
  });
  const entries = allocated.entries;
  const { nodes: before, network } = readNetworkMap(seen?.data ?? {});
  const notes = podNotes(network?.pods, entries);
  if (change === undefined) return { changes: [], entries, notes };
  const report: Change = {
    ...change,
    apply: async (print) => {
      await change.apply(print);
      for (const [node, entry] of allocated.entries) print(`${node} has ${describeEntry(entry)} in the tunnel`);
    },
    undo: async (print) =>
      (
        await planRelease(
          context,
          request.nodes.filter((node) => !before.has(node)),
        )
      )?.apply(print),
  };
  return { changes: [report], entries, notes };
}

/** A node without a network for its pods is complete, until its configuration says that pods are to have addresses. */
function podNotes(network: string | undefined, entries: ReadonlyMap<string, NodeEntry>): readonly string[] {
  const bare = [...entries].flatMap(([node, { pods }]) => (pods.length === 0 ? [node] : []));
  if (network === undefined || bare.length === 0) return [];
  return [
    `${network} has no free network for the pods of ${bare.join(", ")}: network.cni must not be routed there. Revoke nodes that are gone, or name a smaller one with --pods`,
  ];
}

/** The address, and what pods have with `network.cni: routed`. */
export function describeEntry({ address, pods }: NodeEntry): string {
  return `address ${address}${pods.length === 0 ? "" : `, pods ${pods.join(", ")},`}`;
}

/** Frees the addresses of nodes; undefined when they have none. @throws api-forbidden, … */
export async function planRelease(context: MapContext, nodes: readonly string[]): Promise<Change | undefined> {
  const seen = await readMap(context.ask, NETWORK_MAP);
  return planMapEdit(context, NETWORK_MAP, {
    seen,
    edit: (data) => {
      const present = nodes.filter((node) => node in data);
      return present.length === 0 ? undefined : Object.fromEntries(present.map((node) => [node, null]));
    },
  });
}

/** What a node's static configuration holds: where the API server is behind the tunnel, it cannot be read there. */
export interface StaticTunnel {
  readonly entry: NodeEntry;
  readonly network: NetworkEntry;
  readonly gateways: readonly { readonly publicKey: string; readonly endpoint: string; readonly address: string }[];
}

/** @throws gateway-needed, entry-missing, gateway-silent */
export async function readStaticTunnel(
  ask: AskKubernetes,
  cluster: Pick<ClusterAccess, "name" | "region">,
  node: string,
): Promise<StaticTunnel> {
  const { network, nodes } = readNetworkMap((await readMap(ask, NETWORK_MAP))?.data ?? {});
  const { gateways } = readGatewayMap((await readMap(ask, GATEWAY_MAP))?.data ?? {});
  const entry = nodes.get(node);
  if (network === undefined) throw gatewayNeeded(cluster);
  if (entry === undefined)
    throw new SatelliteError("entry-missing", `${node} has no address in the tunnel of cluster ${cluster.name}`, {
      hint: "Run this without --print first: it gives the node an address.",
    });
  if (gateways.size === 0)
    throw new SatelliteError("gateway-silent", `no gateway of cluster ${cluster.name} has written its key yet`, {
      hint: `eks-satellite gateway check --cluster ${cluster.name} --region ${cluster.region} says why.`,
    });
  const known = [...gateways.values()].map(({ publicKey, endpoint, address }) => ({ publicKey, endpoint, address }));
  return { entry, network, gateways: known };
}

/** The entries of the nodes that are asked for, those that are there kept. */
function allocate(
  data: MapData,
  cluster: Pick<ClusterAccess, "name" | "region">,
  { nodes, address, publicKey, pods: wantedPods }: TunnelRequest,
): Map<string, NodeEntry> {
  const { network, nodes: present } = readNetworkMap(data);
  if (network === undefined) throw gatewayNeeded(cluster);
  const entries = new Map<string, NodeEntry>();
  const owners = new Map([...present].map(([name, entry]) => [entry.address, name]));
  for (const node of nodes) {
    const own = present.get(node);
    if (own !== undefined && address !== undefined && own.address !== address) throw addressDiffers(node, own.address);
    const wanted = own?.address ?? address ?? nextAddress(network.nodes, owners.keys());
    if (wanted === undefined) throw networkFull(network.nodes);
    checkAddress(wanted, node, { network: network.nodes, owner: owners.get(wanted) });
    owners.set(wanted, node);
    const context = { network, nodes: new Map([...present, ...entries]) };
    entries.set(node, {
      address: wanted,
      pods: [...choosePods(context, node, { own: own?.pods ?? [], wanted: wantedPods })],
      ...optional({ publicKey: publicKey ?? own?.publicKey }),
    });
  }
  return entries;
}

function changesOf(data: MapData, entries: ReadonlyMap<string, NodeEntry>): MapData | undefined {
  const present = readNetworkMap(data).nodes;
  const changed = [...entries].filter(([node, entry]) => !isDeepStrictEqual(present.get(node), entry));
  if (changed.length === 0) return undefined;
  return Object.assign({}, ...changed.map(([node, entry]) => renderNodeEntry(node, entry)));
}

/** @throws address-outside, address-taken */
function checkAddress(
  address: string,
  node: string,
  { network, owner }: { network: string; owner: string | undefined },
): void {
  if (!isAssignable(address, network))
    throw new SatelliteError("address-outside", `${address} is no address of a node in ${network}`, {
      hint: "The first address is the gateway's, the network's own and the last one are none. Without --address the next free one is taken.",
    });
  if (owner === undefined || owner === node) return;
  throw new SatelliteError("address-taken", `address ${address} is ${owner}'s`, {
    hint: `Give ${node} another one, or none: the next free one is taken. eks-satellite revoke --node-name ${owner} --tunnel frees it.`,
  });
}

function addressDiffers(node: string, address: string): SatelliteError {
  return new SatelliteError("address-differs", `${node} has address ${address} in the tunnel already`, {
    hint: `A node that changes its address needs another certificate. To change it: eks-satellite revoke --node-name ${node} --tunnel, then authorize it again.`,
  });
}

function networkFull(network: string): SatelliteError {
  return new SatelliteError("network-full", `all ${capacityOf(network)} addresses of ${network} are taken`, {
    hint: "Free those of nodes that are gone: kubectl get configmap eks-satellite-network --namespace kube-system --output yaml lists them; eks-satellite revoke --node-name NODE --tunnel.",
  });
}

function gatewayNeeded({ name, region }: Pick<ClusterAccess, "name" | "region">): SatelliteError {
  return new SatelliteError("gateway-needed", `cluster ${name} has no network for satellites yet`, {
    hint: `Make its gateway first: eks-satellite gateway create --cluster ${name} --region ${region}.`,
  });
}
