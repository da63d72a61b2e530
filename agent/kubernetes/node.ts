// Our Node at the API server: read, watched, and written as far as NodeRestriction lets a node write about itself.
import type { V1Node, V1NodeList } from "@kubernetes/client-node";
import { optional } from "../optional.ts";
import { NEXT_PUBLIC_KEY_ANNOTATION, PUBLIC_KEY_ANNOTATION, TUNNEL_MTU_ANNOTATION } from "../tunnel/names.ts";
import { type ApiClient, MERGE_PATCH, STRATEGIC_MERGE_PATCH, type WatchEvent } from "./api-client.ts";
import { readGpuConditions } from "./gpu-conditions.ts";
import {
  CHECKED_ANNOTATION,
  CORDON_ANNOTATION,
  type CordonPatch,
  FINDINGS_ANNOTATION,
  type NodeConditionPatch,
  type NodeEvent,
  type NodeSnapshot,
  type NodeState,
} from "./node-api.ts";

const MAX_ANNOTATION_LENGTH = 1000;

/** The path of one Node. */
export function nodePath(name: string): string {
  return `/api/v1/nodes/${name}`;
}

/** Reads the Node, with a place in history even when there is none. */
export async function readNode(client: ApiClient, name: string): Promise<NodeSnapshot> {
  const { items, metadata } = await listNode(client, name);
  const [node] = items;
  return {
    node: node === undefined ? undefined : toNodeState(node),
    resourceVersion: metadata?.resourceVersion ?? "",
  };
}

/** Reads the labels; undefined when there is no Node of this name. */
export async function readNodeLabels(
  client: ApiClient,
  name: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const [node] = (await listNode(client, name)).items;
  return node === undefined ? undefined : (node.metadata?.labels ?? {});
}

/** Hands over what happens to the Node after a snapshot, until the connection ends. */
export async function watchNode(
  client: ApiClient,
  name: string,
  { since, onEvent, signal }: { since: NodeSnapshot; onEvent: (event: NodeEvent) => void; signal: AbortSignal },
): Promise<void> {
  const query = new URLSearchParams({
    watch: "true",
    allowWatchBookmarks: "true",
    fieldSelector: `metadata.name=${name}`,
    resourceVersion: since.resourceVersion,
  });
  const hand = (change: WatchEvent<V1Node>) => {
    const event = toNodeEvent(change);
    if (event !== undefined) onEvent(event);
  };
  await client.watch(`/api/v1/nodes?${query}`, hand, signal);
}

/** Sets one condition; a strategic merge leaves the others, which are kubelet's, as they are. */
export function patchNodeCondition(client: ApiClient, name: string, condition: NodeConditionPatch): Promise<void> {
  return client.patch(`${nodePath(name)}/status`, STRATEGIC_MERGE_PATCH, { status: { conditions: [condition] } });
}

/** Removes a condition; the others stay. */
export function removeNodeCondition(client: ApiClient, name: string, type: string): Promise<void> {
  const conditions = [{ $patch: "delete", type }];
  return client.patch(`${nodePath(name)}/status`, STRATEGIC_MERGE_PATCH, { status: { conditions } });
}

/** Sets labels; null removes one. */
export function patchNodeLabels(
  client: ApiClient,
  name: string,
  labels: Readonly<Record<string, string | null>>,
): Promise<void> {
  return client.patch(nodePath(name), MERGE_PATCH, { metadata: { labels } });
}

/** Sets annotations; null removes one, and the others stay. */
export function patchNodeAnnotations(
  client: ApiClient,
  name: string,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  return client.patch(nodePath(name), MERGE_PATCH, { metadata: { annotations } });
}

/** Cordons or uncordons the Node, if it is still as it was seen. @throws api-conflict when it is not */
export function patchNodeCordon(
  client: ApiClient,
  name: string,
  seen: NodeState,
  { cordonedFor, isSchedulable }: CordonPatch,
): Promise<void> {
  const annotations = { [CORDON_ANNOTATION]: cordonedFor };
  return client.patch(nodePath(name), MERGE_PATCH, {
    metadata: { resourceVersion: seen.resourceVersion, annotations },
    // As kubectl uncordon leaves it: the field is not there.
    ...(isSchedulable === undefined ? {} : { spec: { unschedulable: isSchedulable ? null : true } }),
  });
}

/** Cordons the Node for an administrator: the daemon does not uncordon it. */
export function cordonForUser(client: ApiClient, name: string): Promise<void> {
  const annotations = { [CORDON_ANNOTATION]: null };
  return client.patch(nodePath(name), MERGE_PATCH, { metadata: { annotations }, spec: { unschedulable: true } });
}

/** A list with a selector and not a get: also the absence of a Node has a place in history, from which to watch. */
function listNode(client: ApiClient, name: string): Promise<V1NodeList> {
  return client.get(`/api/v1/nodes?${new URLSearchParams({ fieldSelector: `metadata.name=${name}` })}`);
}

function toNodeEvent({ type, object }: WatchEvent<V1Node>): NodeEvent | undefined {
  if (type === "ADDED" || type === "MODIFIED") return { kind: "seen", node: toNodeState(object) };
  return type === "DELETED" ? { kind: "deleted" } : undefined;
}

function toNodeState({ metadata, spec, status }: V1Node): NodeState {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const cordonedFor = metadata?.annotations?.[CORDON_ANNOTATION];
  const address = status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
  const tunnelKey = metadata?.annotations?.[PUBLIC_KEY_ANNOTATION];
  const nextTunnelKey = metadata?.annotations?.[NEXT_PUBLIC_KEY_ANNOTATION];
  const tunnelMtu = metadata?.annotations?.[TUNNEL_MTU_ANNOTATION];
  const gpuConditions = readGpuConditions(status?.conditions);
  const checked = readChecked(metadata?.annotations);
  return {
    uid: metadata?.uid ?? "",
    isReady: ready?.status === "True",
    isSchedulable: spec?.unschedulable !== true,
    reason: ready?.reason ?? "NoCondition",
    message: ready?.message ?? "kubelet has not reported yet",
    version: status?.nodeInfo?.kubeletVersion ?? "",
    resourceVersion: metadata?.resourceVersion ?? "",
    ...optional({ address, cordonedFor, tunnelKey, nextTunnelKey, tunnelMtu, checked, gpuConditions }),
  };
}

/** What stands there may be a user's, of any length: more than a daemon writes is kept as something else. */
function readChecked(annotations: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> | undefined {
  const found = [CHECKED_ANNOTATION, FINDINGS_ANNOTATION].flatMap((key) => {
    const value = annotations[key];
    return value === undefined ? [] : [[key, value.slice(0, MAX_ANNOTATION_LENGTH)] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
