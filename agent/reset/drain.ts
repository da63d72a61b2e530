// Drains a node: on the machine with its own permissions, by which it may evict its own pods and no others.

import type { ClusterFacts } from "../aws/cluster.ts";
import type { Clock, Host } from "../host/host.ts";
import { type ApiClient, createApiClient } from "../kubernetes/api-client.ts";
import { cordonForUser, nodePath } from "../kubernetes/node.ts";
import { confirmPodEnd, evictPod, listPods, type PodName } from "../kubernetes/pod.ts";
import { Secret } from "../secret.ts";

const POLL_MS = 2000;

/** A node, and the API server by which it is drained: with its own rights, or an administrator's. */
export interface Access {
  readonly clock: Clock;
  readonly client: ApiClient;
  readonly node: string;
}

/** As the node itself. */
export function accessAsNode(
  host: Host,
  { cluster, token, node }: { readonly cluster: ClusterFacts; readonly token: string; readonly node: string },
): Access {
  return { clock: host.clock, client: createApiClient({ host, cluster, token: () => new Secret(token) }), node };
}

/** Lists the pods that an eviction ends for good or moves elsewhere: not those of DaemonSets and of files, nor those that have ended. */
export async function listEvictablePods(access: Access): Promise<readonly PodName[]> {
  return (await listPods(access.client, access.node))
    .filter(({ metadata: { annotations = {}, ownerReferences = [] } }) => {
      const isOfFile = annotations["kubernetes.io/config.mirror"] !== undefined;
      return !isOfFile && !ownerReferences.some(({ kind }) => kind === "DaemonSet" || kind === "Node");
    })
    .filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed")
    .map(({ metadata: { name, namespace } }) => ({ name, namespace }));
}

/** Lists the pods whose end has been asked for and is not confirmed. */
export async function listTerminatingPods(access: Access): Promise<readonly PodName[]> {
  return (await listPods(access.client, access.node))
    .filter(({ metadata: { deletionTimestamp } }) => deletionTimestamp !== undefined)
    .map(({ metadata: { name, namespace } }) => ({ name, namespace }));
}

/** Confirms the end of a pod whose containers are gone, as kubelet would have. */
export function confirmEnd(access: Access, pod: PodName): Promise<void> {
  return confirmPodEnd(access.client, pod);
}

/** Cordons the Node, evicts its pods, and waits for their end, for 0 s not at all; returns those that have not ended in time. */
export async function drain(access: Access, timeoutSeconds: number, signal?: AbortSignal): Promise<readonly PodName[]> {
  const { clock, client } = access;
  await cordonForUser(client, access.node);
  const endMs = clock.monotonic() + timeoutSeconds * 1000;
  for (;;) {
    const pods = await listEvictablePods(access);
    if (pods.length === 0) return pods;
    // A pod disruption budget refuses with 429, until the pod may go.
    for (const pod of pods) await evictPod(client, pod).catch(() => undefined);
    if (clock.monotonic() >= endMs) return pods;
    await clock.sleep(POLL_MS, signal);
  }
}

/** Deletes the Node. @throws api-forbidden where a node may not do that, as on EKS */
export function deleteNode(access: Access): Promise<void> {
  return access.client.delete(nodePath(access.node));
}
