// The node's short-lived keys in a file: AWS's shared credentials format, for ecr-credential-provider, and for a daemon that starts while AWS is away.
import { parse as parseIni } from "ini";
import type { SessionKeys } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { Secret } from "../secret.ts";

/** Renders the file. `identity` says whose keys they are, so that a changed configuration does not take them for its own. */
export function renderSessionFile(keys: SessionKeys, identity: string): string {
  const lines = [
    "[default]",
    `aws_access_key_id = ${keys.accessKeyId}`,
    `aws_secret_access_key = ${keys.secretAccessKey.reveal()}`,
    ...(keys.sessionToken === undefined ? [] : [`aws_session_token = ${keys.sessionToken.reveal()}`]),
    `eks_satellite_identity = ${identity}`,
    ...(keys.expiresAtMs === undefined
      ? []
      : [`eks_satellite_expires_at = ${new Date(keys.expiresAtMs).toISOString()}`]),
  ];
  return `${lines.join("\n")}\n`;
}

/** The keys of an earlier run of the daemon, while they live and are of this identity. */
export async function readSessionFile(host: Host, path: string, identity: string): Promise<SessionKeys | undefined> {
  const { default: section } = parseIni((await host.files.read(path)) ?? "") as { default?: Record<string, string> };
  const { aws_access_key_id: id, aws_secret_access_key: secret, aws_session_token: token } = section ?? {};
  const expiresAtMs = Date.parse(section?.eks_satellite_expires_at ?? "");
  if (!id || !secret || section?.eks_satellite_identity !== identity || !(expiresAtMs > host.clock.now()))
    return undefined;
  return {
    accessKeyId: id,
    secretAccessKey: new Secret(secret),
    ...(token === undefined ? {} : { sessionToken: new Secret(token) }),
    expiresAtMs,
  };
}
