// The node's short-lived keys in AWS's shared credentials format, for ecr-credential-provider and for a start of the daemon while AWS is away.
import type { Config } from "../config/schema.ts";
import type { SessionKeys } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { optional } from "../optional.ts";
import { Secret } from "../secret.ts";
import { parseSharedConfig, type SharedSection } from "./shared-config.ts";

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
  const text = await host.files.read(path).catch(() => undefined);
  const section = readSection(text ?? "", path);
  const [id, secret, token] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"].map((name) =>
    section?.get(name),
  );
  const expiresAtMs = Date.parse(section?.get("eks_satellite_expires_at") ?? "");
  const isOwn = section?.get("eks_satellite_identity") === identity && expiresAtMs > host.clock.now();
  if (!id || !secret || !isOwn) return undefined;
  const keys = {
    accessKeyId: id,
    secretAccessKey: new Secret(secret),
    ...optional({ sessionToken: token === undefined ? undefined : new Secret(token) }),
    expiresAtMs,
  };
  return { keys, source: section?.get("eks_satellite_source") };
}

/** A damaged file counts as none. */
function readSection(text: string, path: string): SharedSection | undefined {
  try {
    return parseSharedConfig(text, path).get("default");
  } catch {
    return undefined; // The keys are asked for anew.
  }
}
