// Machines beside Nodes: what costs and is no Node, and which satellites have no machine. It decides, and asks nothing.
import type { Machine } from "../lambda/api.ts";
import { TAGS } from "../lambda/tags.ts";
import { isRented, launchedAt, nameOf } from "./find-machine.ts";

/** What of a Node matters here. */
export interface ClusterNode {
  readonly name: string;
  readonly isReady: boolean;
  readonly isCordoned: boolean;
  /** Whether it is a machine outside AWS. */
  readonly isSatellite: boolean;
  readonly internalAddress: string | undefined;
}

/** A cluster as its administrator sees it. */
export interface ClusterNodes {
  readonly arn: string;
  readonly nodes: readonly ClusterNode[];
}

/** What is wrong, and the command that mends it. */
export interface Problem {
  readonly text: string;
  readonly remedy: string;
}

/** A machine, a Node, or both. */
export interface ListedMachine {
  readonly machine: Machine | undefined;
  readonly node: ClusterNode | undefined;
  readonly problem: Problem | undefined;
}

/** From the launch to a Ready Node it takes some minutes; eight GPUs boot longer. */
const JOINING_MS = 30 * 60_000;

/** All rented machines by name, then the satellites without one. @param cluster undefined where none is asked for */
export function compareMachines(
  machines: readonly Machine[],
  cluster: ClusterNodes | undefined,
  nowMs: number,
): readonly ListedMachine[] {
  const rented = machines.filter(isRented).toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
  const listed = rented.map((machine) => {
    const node = cluster?.nodes.find((each) => isNodeOf(machine, each, cluster.arn));
    return { machine, node, problem: problemOf(machine, { node, cluster, nowMs }) };
  });
  const known = new Set(listed.map(({ node }) => node));
  const left = (cluster?.nodes ?? []).filter((node) => node.isSatellite && !known.has(node));
  const orphans = left.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  return [...listed, ...orphans.map((node) => ({ machine: undefined, node, problem: orphanProblem(node) }))];
}

/** By the tag of the launch; a machine that was launched by hand by its names, or its address. */
function isNodeOf(machine: Machine, node: ClusterNode, clusterArn: string): boolean {
  const { tags, name, hostname, privateAddress } = machine;
  const clusterOfTag = tags[TAGS.cluster];
  if (clusterOfTag !== undefined && clusterOfTag !== clusterArn) return false;
  if (tags[TAGS.node] !== undefined) return tags[TAGS.node] === node.name;
  if (!node.isSatellite) return false;
  if (name === node.name || hostname === node.name) return true;
  return privateAddress !== undefined && privateAddress === node.internalAddress;
}

interface Beside {
  readonly node: ClusterNode | undefined;
  readonly cluster: ClusterNodes | undefined;
  readonly nowMs: number;
}

function problemOf(machine: Machine, { node, cluster, nowMs }: Beside): Problem | undefined {
  const name = nameOf(machine);
  if (machine.status === "unhealthy")
    return {
      text: "Lambda Cloud cannot reach it: it costs all the same",
      remedy: `eks-satellite machine restart ${name}`,
    };
  if (machine.status === "preempted")
    return { text: "Lambda Cloud took it back", remedy: `eks-satellite machine terminate ${name}` };
  if (machine.status !== "active" || cluster === undefined || machine.tags[TAGS.cluster] !== cluster.arn)
    return undefined;
  if (node !== undefined)
    return node.isReady ? undefined : { text: "its Node is not Ready", remedy: `kubectl describe node ${node.name}` };
  const at = launchedAt(machine);
  if (at !== undefined && nowMs - at < JOINING_MS) return undefined;
  return { text: "no Node: it costs and does nothing", remedy: `eks-satellite machine terminate ${name}` };
}

/** A Ready one is a machine of another cloud, or of another workspace. */
function orphanProblem({ name, isReady }: ClusterNode): Problem | undefined {
  if (isReady) return undefined;
  return { text: "a Node without a machine here: if that is gone", remedy: `kubectl delete node ${name}` };
}
