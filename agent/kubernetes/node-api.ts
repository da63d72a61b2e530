// What the daemon asks of the API server and writes to it: an interface, which tests fill with a cluster in memory.
import type { GpuConditionState } from "./gpu-conditions.ts";

/** Says on a Node that the agent has cordoned it, and for which GPUs: a user who removes it takes the cordon over. */
export const CORDON_ANNOTATION = "eks-satellite.io/cordoned-for";

/** Says on a Node how many checks of `eks-satellite check` ended how, and when. */
export const CHECKED_ANNOTATION = "eks-satellite.io/checked";
/** Says which did not end well; absent when all did. */
export const FINDINGS_ANNOTATION = "eks-satellite.io/check-findings";

/** A Node as far as the agent reads it. */
export interface NodeState {
  readonly uid: string;
  readonly isReady: boolean;
  /** False when it is cordoned. */
  readonly isSchedulable: boolean;
  readonly reason: string;
  readonly message: string;
  readonly version: string;
  readonly resourceVersion: string;
  /** Its InternalIP, the first of two. */
  readonly address?: string;
  /** The annotation of that name: GPUs' addresses, or `machine`, by comma. */
  readonly cordonedFor?: string;
  /** The annotation by which gateways know the node's WireGuard key. */
  readonly tunnelKey?: string;
  /** The one by which they know the key to which it is about to change. */
  readonly nextTunnelKey?: string;
  /** The annotation by which gateways know the size of packets to it. */
  readonly tunnelMtu?: string;
  /** The annotations of the last check that are there, by name. */
  readonly checked?: Readonly<Record<string, string>>;
  /** What is said there of its GPUs, the daemon's own condition included; undefined while nothing is. */
  readonly gpuConditions?: readonly GpuConditionState[];
}

/** What a Node is to be; what is left out stays. */
export interface CordonPatch {
  readonly isSchedulable?: boolean;
  /** Null removes the annotation. */
  readonly cordonedFor: string | null;
}

/** The Node at one moment of the cluster's history. */
export interface NodeSnapshot {
  /** Undefined when there is no Node of this name. */
  readonly node: NodeState | undefined;
  /** Where a watch that misses nothing begins. */
  readonly resourceVersion: string;
}

export type NodeEvent = { readonly kind: "seen"; readonly node: NodeState } | { readonly kind: "deleted" };

/** A condition of a Node, as its status carries it; times as metav1.Time. */
export interface NodeConditionPatch {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastHeartbeatTime: string;
  readonly lastTransitionTime: string;
}

/** One ConfigMap, or that it is not there, or that it is as it was. */
export type ConfigMapAnswer =
  | { readonly kind: "absent" | "unchanged" }
  | { readonly kind: "found"; readonly resourceVersion: string; readonly data: Readonly<Record<string, string>> };

/** A core/v1 Event, without apiVersion and kind. */
export type NodeEventObject = Readonly<Record<string, unknown>>;

/** The API server, as this node. Each call throws api-unreachable, api-untrusted, api-unauthorized, api-forbidden, api-denied, api-failed. */
export interface NodeApi {
  /** The Node of this name, if there is one. */
  read(name: string): Promise<NodeSnapshot>;
  /** Hands over what happens to the Node after a snapshot until the connection ends; resolves then. @throws watch-ended too */
  watch(name: string, since: NodeSnapshot, onEvent: (event: NodeEvent) => void, signal: AbortSignal): Promise<void>;
  /** State of the newest request of this node for a serving certificate: `Pending`, `Denied`, `Approved`, or undefined. */
  readServingRequest(name: string): Promise<string | undefined>;
  /** Sets one condition in the Node's status and leaves the others alone. */
  patchCondition(name: string, condition: NodeConditionPatch): Promise<void>;
  /** Removes a condition from the Node's status, if it is there. */
  removeCondition(name: string, type: string): Promise<void>;
  /** The Node's labels, or undefined when there is no Node of this name. */
  readLabels(name: string): Promise<Readonly<Record<string, string>> | undefined>;
  /** Sets labels of the Node, and removes those that are null. */
  patchLabels(name: string, labels: Readonly<Record<string, string | null>>): Promise<void>;
  /** Cordons or uncordons the Node, if it is still as it was seen. @throws api-conflict when it is not */
  patchCordon(name: string, seen: NodeState, patch: CordonPatch): Promise<void>;
  /** Sets annotations of the Node, and removes those that are null. */
  patchAnnotations(name: string, annotations: Readonly<Record<string, string | null>>): Promise<void>;
  /** Reads a ConfigMap; one that still has the known version is not sent. */
  readConfigMap(namespace: string, name: string, knownVersion?: string): Promise<ConfigMapAnswer>;
  createEvent(event: NodeEventObject): Promise<void>;
}
