// Pods of one node: listed, evicted, and their end confirmed.
import type { ApiClient } from "./api-client.ts";

/** Where a pod is. */
export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** What of a core/v1 Pod matters here. */
export interface Pod {
  readonly metadata: PodName & {
    /** An eviction or a deletion has asked for its end. */
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string }[];
  };
  readonly status?: { readonly phase?: string };
}

/** Lists the pods that a Node was given. */
export async function listPods(client: ApiClient, node: string): Promise<readonly Pod[]> {
  const selector = new URLSearchParams({ fieldSelector: `spec.nodeName=${node}` });
  return (await client.get<{ readonly items: readonly Pod[] }>(`/api/v1/pods?${selector}`)).items;
}

/** Asks for a pod's end. @throws api-failed while a pod disruption budget refuses it */
export function evictPod(client: ApiClient, { namespace, name }: PodName): Promise<void> {
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
  return client.post(`${podPath({ namespace, name })}/eviction`, eviction);
}

/** Confirms the end of a pod whose containers are gone, as kubelet would have. */
export function confirmPodEnd(client: ApiClient, pod: PodName): Promise<void> {
  return client.delete(`${podPath(pod)}?gracePeriodSeconds=0`);
}

function podPath({ namespace, name }: PodName): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}
