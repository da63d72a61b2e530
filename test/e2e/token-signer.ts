// With whose keys kubelet's token was signed.
import type { Satellite } from "./satellite.ts";

/** Access key ids that kubelet's token was signed with. */
export async function tokenSigner(satellite: Satellite): Promise<string | undefined> {
  const token = await satellite.read("/run/eks-satellite/kubelet-token");
  const url = Buffer.from(token.replace("k8s-aws-v1.", ""), "base64url").toString();
  return /X-Amz-Credential=(\w+)/.exec(url)?.[1];
}
