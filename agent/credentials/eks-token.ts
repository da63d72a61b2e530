// The token that authenticates a node to EKS: a presigned GetCallerIdentity, minted without the network.
import { Hash } from "@smithy/core/serde";
import { SignatureV4 } from "@smithy/signature-v4";
import { stsHostname } from "../aws/aws-endpoints.ts";
import type { AwsKeys } from "../host/aws.ts";
import { Secret } from "../secret.ts";

/** aws-iam-authenticator pkg/token rejects a token 15 minutes after its date, whatever X-Amz-Expires says. 1 minute is for clock skew. */
export const TOKEN_LIFETIME_SECONDS = 14 * 60;

/** The value of aws-iam-authenticator itself. The server allows up to 900. */
const PRESIGN_EXPIRES_SECONDS = 60;
const TOKEN_PREFIX = "k8s-aws-v1.";

export interface EksToken {
  readonly value: Secret;
  /** When EKS stops accepting it, less a minute for clock skew; milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/**
 * Mints the bearer token that EKS's API server accepts for 15 minutes.
 * @see https://github.com/kubernetes-sigs/aws-iam-authenticator/tree/master/pkg/token
 */
export async function mintEksToken(
  keys: AwsKeys,
  cluster: { readonly name: string; readonly region: string },
  nowMs: number,
): Promise<EksToken> {
  const hostname = stsHostname(cluster.region);
  const signer = new SignatureV4({
    service: "sts",
    region: cluster.region,
    sha256: Hash.bind(null, "sha256"),
    credentials: {
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey.reveal(),
      ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken.reveal() }),
    },
  });
  const { query = {} } = await signer.presign(
    {
      method: "GET",
      protocol: "https:",
      hostname,
      path: "/",
      query: { Action: "GetCallerIdentity", Version: "2011-06-15" },
      headers: { host: hostname, "x-k8s-aws-id": cluster.name },
    },
    { expiresIn: PRESIGN_EXPIRES_SECONDS, signingDate: new Date(nowMs) },
  );
  const url = `https://${hostname}/?${new URLSearchParams(query as Record<string, string>)}`;
  return {
    value: new Secret(TOKEN_PREFIX + Buffer.from(url).toString("base64url")),
    expiresAtMs: nowMs + TOKEN_LIFETIME_SECONDS * 1000,
  };
}
