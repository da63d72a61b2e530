// The secrets that this machine holds for us, so that each can be looked for in everything that a bundle takes along.
import { DEFAULT_ENVIRONMENT_PATH } from "../config/load.ts";
import type { LocalConfig } from "../config/machine-config.ts";
import { PATHS, runPaths, statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import type { KnownSecret } from "../redact.ts";

/** Names of variables and keys whose value is a secret; an access key's id is none, and is shortened elsewhere. */
const SECRET_NAME = /secret|token|passw|credential|private|api_?key|authorization/i;
/** A user's name and password within a URL. */
const USER_INFO = /^[a-z][a-z0-9+.-]*:\/\/([^/@\s]+)@/i;

/** Reads every secret that can be read; a file that is not there, or may not be read, holds none that could be taken along. */
export async function readKnownSecrets(
  host: Host,
  local: LocalConfig,
  config: Config | undefined,
): Promise<readonly KnownSecret[]> {
  const { kubeletToken, awsCredentials } = runPaths(local.runFolder);
  const { session } = statePaths(local.stateFolder);
  const { keysFile, profile, rolesAnywhere } = config?.credentials ?? {};
  const variableFiles = [awsCredentials, session, DEFAULT_ENVIRONMENT_PATH, keysFile, profile?.file].filter(
    (path) => path !== undefined,
  );
  const read = async (path: string) => (await host.files.read(path).catch(() => undefined)) ?? ""; // Nothing is known then.
  const [token, key, ...variables] = await Promise.all(
    [kubeletToken, PATHS.servingCertificate, ...variableFiles].map(read),
  );
  const clientKey = rolesAnywhere === undefined ? "" : await read(rolesAnywhere.privateKey);
  const process = config?.credentials.process?.slice(1) ?? [];
  return [
    { name: "kubelet's token", value: (token ?? "").trim() },
    ...linesOfKey(key ?? "").map((value) => ({ name: "kubelet's key", value })),
    ...linesOfKey(clientKey).map((value) => ({ name: "key of the certificate", value })),
    ...variables.flatMap((text) => secretsOf(text)),
    ...process.map((value) => ({ name: "argument of credentials.process", value })),
  ].filter(({ value }) => value !== "");
}

/** Each line `NAME=value` or `name = value` whose name speaks of a secret, and passwords in URLs. */
function secretsOf(text: string): readonly KnownSecret[] {
  return text.split("\n").flatMap((line) => {
    const [, name = "", written = ""] = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    const value = /^(["'])(.*)\1$/.exec(written)?.[2] ?? written;
    const userInfo = USER_INFO.exec(value)?.[1];
    if (userInfo !== undefined) return [{ name: `password in ${name}`, value: userInfo }];
    return SECRET_NAME.test(name) ? [{ name, value }] : [];
  });
}

/** The lines of the private key in a PEM file: a log may show one of them without its head. */
function linesOfKey(pem: string): readonly string[] {
  const [, body = ""] = /-----BEGIN [A-Z ]*PRIVATE KEY-----\n([\s\S]*?)-----END/.exec(pem) ?? [];
  return body.split("\n").filter((line) => line.length >= 32);
}
