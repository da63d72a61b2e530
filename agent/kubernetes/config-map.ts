// One ConfigMap by its name. The API server has no conditional request: its metadata alone says whether the content is another one.
import type { V1ConfigMapList } from "@kubernetes/client-node";
import { type ApiClient, METADATA_LIST } from "./api-client.ts";
import type { ConfigMapAnswer } from "./node-api.ts";

interface ConfigMapQuestion {
  readonly namespace: string;
  readonly name: string;
  readonly knownVersion: string | undefined;
}

/** Reads it, by a list of one: a right to read one name covers it, and its absence is an answer. */
export async function readConfigMap(
  client: ApiClient,
  { namespace, name, knownVersion }: ConfigMapQuestion,
): Promise<ConfigMapAnswer> {
  const selector = new URLSearchParams({ fieldSelector: `metadata.name=${name}` });
  const path = `/api/v1/namespaces/${namespace}/configmaps?${selector}`;
  if (knownVersion !== undefined) {
    const [present] = (await client.get<V1ConfigMapList>(path, METADATA_LIST)).items;
    if (present === undefined) return { kind: "absent" };
    if (present.metadata?.resourceVersion === knownVersion) return { kind: "unchanged" };
  }
  const [found] = (await client.get<V1ConfigMapList>(path)).items;
  if (found === undefined) return { kind: "absent" };
  return { kind: "found", resourceVersion: found.metadata?.resourceVersion ?? "", data: found.data ?? {} };
}
