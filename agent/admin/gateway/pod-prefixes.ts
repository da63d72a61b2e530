// Which network the pods of a node have: a block of the cluster's network for pods that no other node has.
import { SatelliteError } from "../../errors.ts";
import { toRange } from "../../gateway/peers/ipv4-range.ts";
import type { NetworkEntry, NodeEntry } from "../../tunnel/entries.ts";
import { isWithin, overlap, toText } from "./networks.ts";

/** 125 pods: kubelet takes 110 by default. */
const PREFIX_LENGTH = 25;
const PREFIX_SIZE = 2 ** (32 - PREFIX_LENGTH);

/** A network in CIDR notation, or none. */
export type PodsRequest = string | undefined;

/** What a node without a prefix may get. */
export interface PodsContext {
  readonly network: Pick<NetworkEntry, "pods">;
  /** Every node's, those that have just been given included. */
  readonly nodes: ReadonlyMap<string, Pick<NodeEntry, "pods">>;
}

/**
 * The networks of a node's pods: those that it has, the one that is asked for, or the next free one. None where the cluster has no network
 * for pods, and where all of it is given away: the node needs none while its pods are on the host's network.
 * @throws pods-outside, pods-taken, pods-differ
 */
export function choosePods(
  { network, nodes }: PodsContext,
  node: string,
  { own, wanted }: { readonly own: readonly string[]; readonly wanted: PodsRequest },
): readonly string[] {
  if (wanted !== undefined && own.length > 0 && own.join() !== wanted) throw differs(node, own);
  if (own.length > 0) return own;
  const others = [...nodes].flatMap(([name, { pods }]) =>
    name === node ? [] : pods.map((prefix) => ({ name, prefix })),
  );
  if (wanted !== undefined) {
    checkWanted(wanted, network.pods, node, others);
    return [wanted];
  }
  const free =
    network.pods === undefined
      ? undefined
      : nextPrefix(
          network.pods,
          others.map(({ prefix }) => prefix),
        );
  return free === undefined ? [] : [free];
}

/** The lowest block of 128 addresses that overlaps none of `taken`, or all of a smaller network; undefined when each does. */
export function nextPrefix(network: string, taken: readonly string[]): string | undefined {
  const { first, last } = toRange(network);
  const size = Math.min(PREFIX_SIZE, last - first + 1);
  const ranges = taken.map(toRange).toSorted((one, other) => one.first - other.first);
  let start = first;
  for (const range of ranges) {
    if (range.last < start) continue;
    if (range.first > start + size - 1) break;
    start = Math.ceil((range.last + 1) / size) * size;
  }
  return start + size - 1 <= last ? `${toText(start)}/${32 - Math.log2(size)}` : undefined;
}

/** @throws pods-outside, pods-taken */
function checkWanted(
  wanted: string,
  network: string | undefined,
  node: string,
  others: readonly { readonly name: string; readonly prefix: string }[],
): void {
  if (network === undefined || !isWithin(wanted, network))
    throw new SatelliteError(
      "pods-outside",
      `${wanted} is not within ${network === undefined ? "any network for pods: the cluster's satellites have none" : `the network for pods ${network}`}`,
      { hint: "The VPC routes that network alone to the gateway. Without --pods the next free block of it is taken." },
    );
  const owner = others.find(({ prefix }) => overlap(prefix, wanted));
  if (owner === undefined) return;
  throw new SatelliteError("pods-taken", `${wanted} overlaps with ${owner.prefix}, the pods of ${owner.name}`, {
    hint: `Give ${node} another network, or none: the next free one is taken. eks-satellite revoke --node-name ${owner.name} --tunnel frees it.`,
  });
}

function differs(node: string, own: readonly string[]): SatelliteError {
  return new SatelliteError("pods-differ", `the pods of ${node} have ${own.join(", ")} already`, {
    hint: `Pods that run keep their addresses. To change it: drain ${node}, eks-satellite revoke --node-name ${node} --tunnel, then authorize it again.`,
  });
}
