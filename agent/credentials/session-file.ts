// The node's short-lived keys in AWS's shared credentials format, for ecr-credential-provider and for a start of the daemon while AWS is away.
import { parse as parseIni } from "ini";
import type { Config } from "../config/schema.ts";
import type { SessionKeys } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { Secret } from "../secret.ts";

/** Whose keys these are, and from which source. */
export interface SessionOrigin {
  /** Keeps a changed configuration from adopting these keys. */
  readonly identity: string;
  /** A digest of the source's state, so that a source that has changed meanwhile is read at once. */
  readonly source: string;
}

/** Keys of an earlier run. */
export interface StoredSession {
  readonly keys: SessionKeys;
  /** The source's state; undefined when the file does not hold it. */
  readonly source: string | undefined;
}

/** Renders the identity of the keys. Keys of another role or node must not be adopted after a change of the configuration. */
export function sessionIdentity({ credentials, node }: Config): string {
  const role = credentials.assumeRole?.arn ?? credentials.rolesAnywhere?.roleArn;
  return role === undefined ? `source of ${node.name}` : `${role} as ${node.name}`;
}

/** Renders the file. */
export function renderSessionFile(keys: SessionKeys, { identity, source }: SessionOrigin): string {
  const lines = [
    "[default]",
    `aws_access_key_id = ${keys.accessKeyId}`,
    `aws_secret_access_key = ${keys.secretAccessKey.reveal()}`,
    ...(keys.sessionToken === undefined ? [] : [`aws_session_token = ${keys.sessionToken.reveal()}`]),
    `eks_satellite_identity = ${identity}`,
    `eks_satellite_source = ${source}`,
    ...(keys.expiresAtMs === undefined
      ? []
      : [`eks_satellite_expires_at = ${new Date(keys.expiresAtMs).toISOString()}`]),
  ];
  return `${lines.join("\n")}\n`;
}

/** Reads the keys of an earlier run, if they are valid and of this identity. A file that cannot be read counts as none. */
export async function readSessionFile(host: Host, path: string, identity: string): Promise<StoredSession | undefined> {
  const { default: section } = parseIni((await host.files.read(path).catch(() => undefined)) ?? "") as {
    default?: Record<string, string>;
  };
  const { aws_access_key_id: id, aws_secret_access_key: secret, aws_session_token: token } = section ?? {};
  const expiresAtMs = Date.parse(section?.eks_satellite_expires_at ?? "");
  if (!id || !secret || section?.eks_satellite_identity !== identity || !(expiresAtMs > host.clock.now()))
    return undefined;
  const keys = {
    accessKeyId: id,
    secretAccessKey: new Secret(secret),
    ...(token === undefined ? {} : { sessionToken: new Secret(token) }),
    expiresAtMs,
  };
  return { keys, source: section.eks_satellite_source };
}
