// Reads the configured source of keys on this machine, and detects whether it has changed.
import type { Config } from "../config/schema.ts";
import { sha256 } from "../digest.ts";
import { SatelliteError } from "../errors.ts";
import type { SessionKeys } from "../host/aws.ts";
import type { Host } from "../host/host.ts";
import { isoTime } from "../time.ts";
import { runCredentialProcess } from "./credential-process.ts";
import { parseKeysFile } from "./keys-file.ts";
import { checkPrivateProgram, readPrivateFile } from "./private-file.ts";
import { readRolesAnywhereKeys } from "./roles-anywhere.ts";
import { findProfile, parseSharedConfig, profileNames } from "./shared-config.ts";
import { toSessionKeys } from "./source-keys.ts";

/** The configuration of the source, and of the node that uses the keys. */
export type SourceConfig = Pick<Config, "credentials" | "node">;

/**
 * Reads the keys of the configured source.
 * @throws credentials-missing, credentials-exposed, credentials-foreign, credentials-invalid, program-foreign, command-missing, command-timeout, and for a certificate
 * what {@link readRolesAnywhereKeys} throws
 */
export async function readSourceKeys(host: Host, { credentials, node }: SourceConfig): Promise<SessionKeys> {
  const { keysFile, profile, rolesAnywhere, process } = credentials;
  if (keysFile !== undefined) return fromVariables(parseKeysFile(await readText(host, keysFile), keysFile), keysFile);
  if (profile !== undefined) return readProfile(host, profile);
  if (rolesAnywhere !== undefined) return readRolesAnywhereKeys(host, rolesAnywhere, node.name);
  const [command = "", ...args] = process ?? [];
  await checkPrivateProgram(host, command);
  return runCredentialProcess(host, { command, args, name: command, key: "credentials.process" });
}

/** Names the configured source by its key and file or program, without secrets and arguments. */
export function sourceName({ keysFile, profile, process, rolesAnywhere }: Config["credentials"]): string {
  if (keysFile !== undefined) return `keysFile ${keysFile}`;
  if (profile !== undefined) return `profile ${profile.name} of ${profile.file}`;
  if (rolesAnywhere !== undefined) return `rolesAnywhere ${rolesAnywhere.certificate}`;
  return `process ${process?.[0] ?? ""}`;
}

/**
 * Computes a digest of the source's state without a secret in it: its name, and time, size, mode and owner of its files.
 * A process has no files; its output says when the keys expire.
 */
export async function readSourceState(host: Host, credentials: Config["credentials"]): Promise<string> {
  const { keysFile, profile, rolesAnywhere } = credentials;
  const { certificate, privateKey, intermediates } = rolesAnywhere ?? {};
  const files = [keysFile, profile?.file, certificate, privateKey, intermediates].filter((file) => file !== undefined);
  const states = await Promise.all(files.map((file) => stateOf(host, file)));
  return sha256([sourceName(credentials), ...states].join("\n"));
}

/** Who keeps these files fresh, where it is known: the file is stale when that program waits. */
const WRITERS: Readonly<Record<string, string>> = {
  "/root/.aws/credentials":
    "The SSM agent writes it: systemctl status amazon-ssm-agent, journalctl --unit amazon-ssm-agent (with snap: snap.amazon-ssm-agent.amazon-ssm-agent). Its activation may be gone, or AWS out of its reach; systemctl restart amazon-ssm-agent makes it ask at once.",
  "/eks-hybrid/.aws/credentials":
    "aws_signing_helper_update.service of nodeadm writes it: systemctl status aws_signing_helper_update. systemctl restart makes it ask at once.",
};

/** What to do about keys that are over: their source's own program should have renewed them. */
export async function staleSourceHint(host: Host, credentials: Config["credentials"]): Promise<string> {
  const { keysFile, profile, process, rolesAnywhere } = credentials;
  const file = keysFile ?? profile?.file;
  if (file !== undefined) {
    const status = await host.files.status(file).catch(() => undefined); // The hint is then less exact.
    const written = status === undefined ? "" : ` was last written at ${isoTime(status.modifiedMs)}`;
    const writer = WRITERS[file] ?? "Look at the job that writes it, or write new keys there.";
    return `Renew the keys at their source: ${file}${written}. ${writer} The daemon reads it again by itself.`;
  }
  if (rolesAnywhere !== undefined)
    return `Renew the keys at their source. Run ${rolesAnywhere.helper} credential-process by hand: it printed a session that is over. Compare the clock: timedatectl.`;
  return `Renew the keys at their source. ${process?.[0] ?? "credentials.process"} printed keys that are over: look at the agent that it asks, or at its cache. It is run again by itself.`;
}

async function stateOf(host: Host, file: string): Promise<string> {
  const status = await host.files.status(file).catch(() => null); // The error follows when the file is read.
  if (status === null) return "unreadable";
  if (status === undefined) return "absent";
  return `${status.modifiedMs} ${status.sizeBytes} ${status.mode.toString(8)} ${status.uid}`;
}

/** Reads a text without the byte order mark and CR LF of Windows' editors. */
async function readText(host: Host, file: string): Promise<string> {
  return (await readPrivateFile(host, file)).replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
}

async function readProfile(host: Host, { file, name }: { file: string; name: string }): Promise<SessionKeys> {
  const config = parseSharedConfig(await readText(host, file), file);
  const profile = findProfile(config, name);
  if (profile === undefined) {
    const names = profileNames(config).map((each) => (/\s/.test(each) ? JSON.stringify(each) : each));
    throw new SatelliteError("credentials-missing", `${file} has no profile ${name}`, {
      hint: `Set credentials.profile.name to one of: ${names.join(", ") || "(the file has none)"}.`,
    });
  }
  const { values, isOfConfig } = profile;
  const origin = `profile ${name} of ${file}`;
  const command = values.get("credential_process");
  // As AWS CLI: of a credentials file the keys count first, of a config file the command.
  if (command !== undefined && (isOfConfig || !values.has("aws_access_key_id"))) {
    await checkPrivateProgram(host, /^\s*(\/[^\s"'\\]+)/.exec(command)?.[1] ?? "");
    return runCredentialProcess(host, {
      command: "/bin/sh",
      args: ["-c", command.replaceAll("\n", " ")],
      name: `the credential_process of ${origin}`,
      key: "credential_process",
    });
  }
  return fromVariables(Object.fromEntries([...values].map(([key, value]) => [key.toUpperCase(), value])), origin);
}

/** Keys under their names, or under those of older tools. */
function fromVariables(variables: Readonly<Record<string, string | undefined>>, origin: string): SessionKeys {
  const id = variables.AWS_ACCESS_KEY_ID || variables.AWS_ACCESS_KEY;
  const secret = variables.AWS_SECRET_ACCESS_KEY || variables.AWS_SECRET_KEY;
  if (!id || !secret) {
    throw new SatelliteError(
      "credentials-missing",
      `${origin} lacks ${id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"}`,
      { hint: `Write AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=… there (lower case in a profile).` },
    );
  }
  const token = variables.AWS_SECURITY_TOKEN || variables.AWS_SESSION_TOKEN;
  return toSessionKeys({ id, secret, token, expiration: variables.AWS_CREDENTIAL_EXPIRATION }, origin);
}
