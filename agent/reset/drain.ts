// Drains the node with its own permissions: it may evict its own pods, and no others.

import type { ClusterFacts } from "../aws/cluster.ts";
import { SatelliteError } from "../errors.ts";
import type { Host, HttpRequest } from "../host/host.ts";
import { apiRequest, withDocument } from "../kubernetes/api-request.ts";
import { CORDON_ANNOTATION } from "../kubernetes/node-api.ts";

const REQUEST_TIMEOUT_SECONDS = 10;
const POLL_MS = 2000;

/** Without our annotation: the daemon lifts a cordon that it made for its GPUs. */
const BY_A_PERSON = { metadata: { annotations: { [CORDON_ANNOTATION]: null } }, spec: { unschedulable: true } };

/** How the API server is reached as this node. */
export interface Access {
  readonly host: Host;
  readonly cluster: ClusterFacts;
  readonly token: string;
  readonly node: string;
}

/** A pod that an eviction ends for good or moves elsewhere. */
export interface EvictablePod {
  readonly namespace: string;
  readonly name: string;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: {
      readonly name: string;
      readonly namespace: string;
      /** Set once the pod's deletion was requested. */
      readonly deletionTimestamp?: string;
      readonly annotations?: Readonly<Record<string, string>>;
      readonly ownerReferences?: readonly { readonly kind: string }[];
    };
    readonly status?: { readonly phase?: string };
  }[];
}

interface Call {
  readonly path: string;
  readonly method?: HttpRequest["method"];
  /** Content type of the body. */
  readonly type?: string;
  readonly body?: object;
}

/** Pods of this node, without those of DaemonSets and of files, which come back wherever the node is, and those that have ended. @throws api-failed */
export async function listEvictablePods(access: Access): Promise<readonly EvictablePod[]> {
  return (await listPods(access))
    .filter(({ metadata: { annotations = {}, ownerReferences = [] } }) => {
      const isOfFile = annotations["kubernetes.io/config.mirror"] !== undefined;
      return !isOfFile && !ownerReferences.some(({ kind }) => kind === "DaemonSet" || kind === "Node");
    })
    .filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed")
    .map(({ metadata: { name, namespace } }) => ({ name, namespace }));
}

/** Pods of this node that are being deleted and whose end is not confirmed yet. @throws api-failed */
export async function listTerminatingPods(access: Access): Promise<readonly EvictablePod[]> {
  return (await listPods(access))
    .filter(({ metadata: { deletionTimestamp } }) => deletionTimestamp !== undefined)
    .map(({ metadata: { name, namespace } }) => ({ name, namespace }));
}

/** Confirms the end of a pod whose containers are gone, as kubelet would have. @throws api-failed */
export async function confirmEnd(access: Access, { namespace, name }: EvictablePod): Promise<void> {
  await send(access, { method: "DELETE", path: `/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0` });
}

/** Cordons the Node, evicts its pods, and waits for them to go, for 0 s not at all; returns those that have not gone in time. @throws api-failed */
export async function drain(access: Access, timeoutSeconds: number): Promise<readonly EvictablePod[]> {
  const { clock } = access.host;
  const path = `/api/v1/nodes/${access.node}`;
  const cordon = { method: "PATCH", type: "application/merge-patch+json" } as const;
  await send(access, { ...cordon, path, body: BY_A_PERSON });
  const endMs = clock.now() + timeoutSeconds * 1000;
  for (;;) {
    const pods = await listEvictablePods(access);
    if (pods.length === 0) return pods;
    // A pod disruption budget refuses with 429, until it may go.
    for (const pod of pods) await evict(access, pod).catch(() => undefined);
    if (clock.now() >= endMs) return pods;
    await clock.sleep(POLL_MS);
  }
}

/** Deletes the Node. @throws api-failed, also when a node may not do that, as on EKS */
export async function deleteNode(access: Access): Promise<void> {
  await send(access, { method: "DELETE", path: `/api/v1/nodes/${access.node}` });
}

async function listPods(access: Access): Promise<PodList["items"]> {
  const selector = new URLSearchParams({ fieldSelector: `spec.nodeName=${access.node}` });
  return (JSON.parse(await send(access, { path: `/api/v1/pods?${selector}` })) as PodList).items;
}

function evict(access: Access, { namespace, name }: EvictablePod): Promise<string> {
  return send(access, {
    method: "POST",
    path: `/api/v1/namespaces/${namespace}/pods/${name}/eviction`,
    body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } },
  });
}

async function send(
  { host, cluster, token }: Access,
  { path, method, type = "application/json", body }: Call,
): Promise<string> {
  const request = apiRequest(cluster, token, path, REQUEST_TIMEOUT_SECONDS);
  const isWrite = method === "POST" || method === "PATCH";
  const response = await host.fetch(isWrite ? withDocument(request, method, type, body ?? {}) : { ...request, method });
  if (response.status >= 200 && response.status < 300) return response.body;
  throw new SatelliteError(
    "api-failed",
    `${method ?? "GET"} ${path} was answered ${response.status}: ${response.body.slice(0, 200)}`,
  );
}
