// Where the node's AWS keys come from: a source on this machine, then AssumeRole. Whoever may assume the role may be any node,
// so the role's trust policy should pin sts:RoleSessionName to the node's name.

import { explainAwsError } from "../aws/aws-error.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { Aws, AwsKeys, SessionKeys } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { readSourceKeys } from "./credential-source.ts";

/** Life of the session keys that stand in for an IAM user's long-lived ones. */
const SESSION_TOKEN_SECONDS = 3600;

/**
 * Gets fresh keys of the node's identity: the role's when one is configured; else session keys of the source's own identity,
 * so that long-lived keys never leave their file. Where an organization denies its users even those, the long-lived keys themselves.
 * @throws credentials-expired, role-forbidden, aws-unreachable, and what {@link readSourceKeys} throws
 */
export async function readSessionKeys(host: Host, aws: Aws, { credentials, node }: Config): Promise<SessionKeys> {
  const source = await readSourceKeys(host, { credentials, node });
  if (source.expiresAtMs !== undefined && source.expiresAtMs <= host.clock.now()) {
    throw new SatelliteError(
      "credentials-expired",
      `the source's keys expired at ${new Date(source.expiresAtMs).toISOString()}`,
      {
        hint: "Renew the keys at their source; they are read again by themselves.",
      },
    );
  }
  const { assumeRole } = credentials;
  if (assumeRole !== undefined) {
    return aws.assumeRole(source, { ...assumeRole, sessionName: node.name }).catch((cause) => {
      throw explainAwsError(cause, "sts:AssumeRole", {
        code: "role-forbidden",
        hint: `Let the trust policy of ${assumeRole.arn} allow sts:AssumeRole to this identity with sts:RoleSessionName ${node.name}, and the identity's own policy allow it too.`,
      });
    });
  }
  if (source.sessionToken !== undefined) return source;
  return aws.getSessionToken(source, SESSION_TOKEN_SECONDS).catch((cause) => {
    const error = explainAwsError(cause, "sts:GetSessionToken", { code: "session-forbidden", hint: "" });
    if (error.code === "session-forbidden") return source;
    throw error;
  });
}

/** Keys that do not end by themselves: they may sign in memory, and are written nowhere. */
export function isLongLived({ sessionToken }: AwsKeys): boolean {
  return sessionToken === undefined;
}

/** What it means to have no others, and what to do about it. */
export const LONG_LIVED_KEYS = {
  message:
    "sts:GetSessionToken is denied to this user: its long-lived keys sign kubelet's token, and ecr-credential-provider gets none, so that pulls from ECR fail",
  hint: "Let the account's service control policies allow sts:GetSessionToken, or configure credentials.assumeRole.",
} as const;
