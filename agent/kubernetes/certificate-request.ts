// Our kubelet's requests for a serving certificate.
import type { V1CertificateSigningRequest } from "@kubernetes/client-node";
import type { ApiClient } from "./api-client.ts";

const PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const SERVING = encodeURIComponent("spec.signerName=kubernetes.io/kubelet-serving");

/** The API server's JSON has times as text, which sorts as they do. */
type RequestList = {
  readonly items: readonly (Omit<V1CertificateSigningRequest, "metadata"> & {
    readonly metadata: { readonly creationTimestamp: string };
  })[];
};

/** State of this node's newest request: `Pending`, `Denied`, `Approved`, or undefined. */
export async function readServingRequest(client: ApiClient, name: string): Promise<string | undefined> {
  const { items } = await client.get<RequestList>(`${PATH}?fieldSelector=${SERVING}`);
  const own = items.filter(({ spec }) => spec.username === `system:node:${name}`);
  const [newest] = own.toSorted((one, other) =>
    one.metadata.creationTimestamp < other.metadata.creationTimestamp ? 1 : -1,
  );
  return newest === undefined ? undefined : (newest.status?.conditions?.[0]?.type ?? "Pending");
}
