// Whom the API server takes a token for.
import type { ApiClient } from "./api-client.ts";

const PATH = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/** A user of Kubernetes. */
export interface ApiUser {
  readonly username?: string;
  readonly groups?: readonly string[];
}

/** Asks the API server who asks. */
export async function readOwnUser(client: ApiClient): Promise<ApiUser> {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const { status } = await client.ask<{ readonly status?: { readonly userInfo?: ApiUser } }>(PATH, review);
  return status?.userInfo ?? {};
}
