// Gets the node's AWS keys: from a source on this machine, then by AssumeRole. An identity that may assume the role can be any node,
// so the role's trust policy should pin sts:RoleSessionName to the node's name.
import { explainAwsError } from "../aws/aws-error.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { Aws, AwsKeys, SessionKeys } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { isoTime } from "../time.ts";
import { readSourceKeys, staleSourceHint } from "./credential-source.ts";

/** Life of the session keys that replace an IAM user's long-lived keys. */
const SESSION_TOKEN_SECONDS = 3600;

/**
 * Gets fresh keys of the node's identity: those of the configured role, or session keys of the source's own identity, so that
 * long-lived keys never leave their file. Where an organization denies its users session keys, the long-lived keys are used.
 * @throws credentials-expired, role-forbidden, aws-unreachable, and what {@link readSourceKeys} throws
 */
export async function readSessionKeys(host: Host, aws: Aws, { credentials, node }: Config): Promise<SessionKeys> {
  const source = await readSourceKeys(host, { credentials, node });
  if (source.expiresAtMs !== undefined && source.expiresAtMs <= host.clock.now()) {
    throw new SatelliteError("credentials-expired", `the source's keys expired at ${isoTime(source.expiresAtMs)}`, {
      hint: await staleSourceHint(host, credentials),
    });
  }
  const { assumeRole } = credentials;
  if (assumeRole !== undefined) {
    return aws.assumeRole(source, { ...assumeRole, sessionName: node.name }).catch(async (cause) => {
      const error = explainAwsError(cause, "sts:AssumeRole", {
        code: "role-forbidden",
        hint: `Allow sts:AssumeRole in the trust policy of ${assumeRole.arn} to this identity with sts:RoleSessionName ${node.name}, and in the identity's own policy too.`,
      });
      if (error.code !== "credentials-expired") throw error;
      throw new SatelliteError(error.code, error.message, { hint: await staleSourceHint(host, credentials), cause });
    });
  }
  if (source.sessionToken !== undefined) return source;
  return aws.getSessionToken(source, SESSION_TOKEN_SECONDS).catch((cause) => {
    const error = explainAwsError(cause, "sts:GetSessionToken", { code: "session-forbidden", hint: "" });
    if (error.code === "session-forbidden") return source;
    throw error;
  });
}

/** Whether keys never expire. Such keys sign in memory, and are written nowhere. */
export function isLongLived({ sessionToken }: AwsKeys): boolean {
  return sessionToken === undefined;
}

/** The consequence of having only long-lived keys, and the remedy. */
export const LONG_LIVED_KEYS = {
  message:
    "sts:GetSessionToken is denied to this user: its long-lived keys sign kubelet's token, and ecr-credential-provider gets no keys, so pulls from ECR fail",
  hint: "Let the account's service control policies allow sts:GetSessionToken, or configure credentials.assumeRole.",
} as const;
