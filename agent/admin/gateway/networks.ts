// Arithmetic of IPv4 networks: overlaps, what EKS takes as a remote network, and a block that is still free.
import { isWithin as isRangeWithin, toRange } from "../../gateway/peers/ipv4-range.ts";
import { isNetwork } from "../../tunnel/entries.ts";

/** What EKS takes as a remote network (RFC 1918). */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] as const;
/** What Docker gives its bridge on every machine that has it. */
export const DOCKER_NETWORK = "172.17.0.0/16";
/** The first address is the gateway's own, the last one is broadcast. */
const RESERVED_AT_START = 2;

/** Whether two networks have an address in common. What is no IPv4 network has none. */
export function overlap(one: string, other: string): boolean {
  if (!isNetwork(one) || !isNetwork(other)) return false;
  const [a, b] = [toRange(one), toRange(other)];
  return a.first <= b.last && b.first <= a.last;
}

/** Whether all of a network, or an address, is in another one. */
export function isWithin(inner: string, outer: string): boolean {
  const cidr = inner.includes("/") ? inner : `${inner}/32`;
  return isNetwork(cidr) && isNetwork(outer) && isRangeWithin(toRange(cidr), toRange(outer));
}

/** Whether EKS takes it as a remote network. */
export function isPrivate(network: string): boolean {
  return PRIVATE.some((range) => isWithin(network, range));
}

/** Networks of nodes and of pods for a cluster that has none yet. */
export interface TunnelNetworks {
  readonly nodes: string;
  readonly pods: string | undefined;
}

/** The first block of 65,536 private addresses that overlaps none of `taken`; undefined when each does. */
export function findFreeNetworks(taken: readonly string[]): TunnelNetworks | undefined {
  const block = candidates().find((candidate) => !taken.some((other) => overlap(`${candidate}.0.0/16`, other)));
  return block === undefined ? undefined : { nodes: `${block}.0.0/20`, pods: `${block}.16.0/20` };
}

/** High ones first: VPCs and home networks begin at the low end. */
function candidates(): readonly string[] {
  const tens = [250, 251, 252, 253, 254, ...Array.from({ length: 250 }, (_, index) => 249 - index)];
  const seventeens = Array.from({ length: 14 }, (_, index) => 31 - index);
  return [...tens.map((second) => `10.${second}`), ...seventeens.map((second) => `172.${second}`)];
}

/** The addresses that nodes may have; the network's own, the gateway's and the last one are none. */
export function isAssignable(address: string, network: string): boolean {
  if (!isWithin(address, network)) return false;
  const { first, last } = toRange(network);
  const { first: value } = toRange(address);
  return value >= first + RESERVED_AT_START && value < last;
}

/** The lowest address that no node has; undefined when all are taken. */
export function nextAddress(network: string, taken: Iterable<string>): string | undefined {
  const used = new Set(taken);
  const { first, last } = toRange(network);
  for (let value = first + RESERVED_AT_START; value < last; value += 1) {
    const address = toText(value);
    if (!used.has(address)) return address;
  }
  return undefined;
}

/** How many nodes a network has room for. */
export function capacityOf(network: string): number {
  const { first, last } = toRange(network);
  return Math.max(0, last - first - RESERVED_AT_START);
}

export function toText(value: number): string {
  return [2 ** 24, 2 ** 16, 2 ** 8, 1].map((unit) => Math.floor(value / unit) % 256).join(".");
}
