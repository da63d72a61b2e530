// A request to the API server, with what every one of them has.

import type { ClusterFacts } from "../aws/cluster.ts";
import type { HttpRequest } from "../host/host.ts";

/** A GET of a path as the bearer of a token; the cluster's CA alone is trusted. */
export function apiRequest(
  cluster: Pick<ClusterFacts, "endpoint" | "caPem">,
  token: string,
  path: string,
  timeoutSeconds: number,
): HttpRequest & { readonly headers: Readonly<Record<string, string>> } {
  return {
    url: cluster.endpoint + path,
    headers: { authorization: `Bearer ${token}`, accept: "application/json" },
    caPem: cluster.caPem,
    timeoutSeconds,
  };
}

/** The same with a document to write. @param type its content type, e.g. `application/merge-patch+json` */
export function withDocument(
  { headers, ...request }: HttpRequest,
  method: "POST" | "PATCH",
  type: string,
  document: object,
): HttpRequest {
  return { ...request, method, headers: { ...headers, "content-type": type }, body: JSON.stringify(document) };
}
