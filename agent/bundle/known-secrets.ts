// The secrets of this node, so that each can be removed from everything that a bundle contains.
import { DEFAULT_ENVIRONMENT_PATH } from "../config/load.ts";
import type { LocalConfig } from "../config/machine-config.ts";
import { PATHS, runPaths, statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { parseKeysFile } from "../credentials/keys-file.ts";
import { parseSharedConfig } from "../credentials/shared-config.ts";
import type { Host } from "../host/host.ts";
import type { KnownSecret } from "../redact/redaction.ts";

/** Names of variables and keys whose value is a secret. An access key's id is not a secret, and is shortened elsewhere. */
const SECRET_NAME = /secret|token|passw|credential|private|api_?key|authorization/i;
/** User name and password in a URL: a password may hold `@` and `/`, so the last `@` ends it. */
const USER_INFO = /^[a-z][a-z0-9+.-]{0,20}:\/\/(.*)@/i;

/** Reads every secret that can be read. A file that is absent or unreadable cannot be in the bundle either. */
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
  const read = async (path: string) => (await host.files.read(path).catch(() => undefined)) ?? ""; // Unreadable: no secret of it is known.
  const [token, key, ...variables] = await Promise.all(
    [kubeletToken, PATHS.servingCertificate, ...variableFiles].map(read),
  );
  const texts = new Map(variableFiles.map((path, index) => [path, variables[index] ?? ""]));
  const clientKey = rolesAnywhere === undefined ? "" : await read(rolesAnywhere.privateKey);
  const process = config?.credentials.process?.slice(1) ?? [];
  return [
    { name: "kubelet's token", value: (token ?? "").trim() },
    ...linesOfKey(key ?? "").map((value) => ({ name: "kubelet's key", value })),
    ...linesOfKey(clientKey).map((value) => ({ name: "key of the certificate", value })),
    ...variables.flatMap((text) => secretsOf(text)),
    ...(keysFile === undefined ? [] : keysOf(() => Object.entries(parseKeysFile(texts.get(keysFile) ?? "", keysFile)))),
    ...(profile === undefined ? [] : keysOf(() => entriesOf(texts.get(profile.file) ?? "", profile.file))),
    ...process.map((value) => ({ name: "argument of credentials.process", value })),
  ].filter(({ value }) => value !== "");
}

/** The keys as the daemon reads them, whatever the form. */
function keysOf(read: () => readonly (readonly [name: string, value: string])[]): readonly KnownSecret[] {
  try {
    return read().flatMap(([name, value]) => (SECRET_NAME.test(name) ? [{ name, value }] : []));
  } catch {
    return []; // The daemon refuses the file; its lines are looked through all the same.
  }
}

function entriesOf(text: string, file: string): readonly (readonly [name: string, value: string])[] {
  return [...parseSharedConfig(text, file).values()].flatMap((section) => [...section]);
}

/** Finds lines `NAME=value` or `name = value` whose name suggests a secret, and passwords in URLs. */
function secretsOf(text: string): readonly KnownSecret[] {
  return text.split("\n").flatMap((line) => {
    const equals = line.indexOf("=");
    if (equals < 0) return [];
    const name = line
      .slice(0, equals)
      .trim()
      .replace(/^export /, "")
      .trim();
    const value = withoutQuotes(line.slice(equals + 1).trim());
    const userInfo = USER_INFO.exec(value)?.[1];
    if (userInfo !== undefined) return spellingsOfUserInfo(name, userInfo);
    return SECRET_NAME.test(name) ? [{ name, value }] : [];
  });
}

function withoutQuotes(value: string): string {
  return /^(["']).*\1$/.test(value) ? value.slice(1, -1) : value;
}

/** As a whole, and the password alone, as it is written and as a server receives it. */
function spellingsOfUserInfo(variable: string, userInfo: string): readonly KnownSecret[] {
  const password = userInfo.slice(userInfo.indexOf(":") + 1);
  const values = [userInfo, password, decode(userInfo), decode(password)];
  return [...new Set(values)].map((value) => ({ name: `password in ${variable}`, value }));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // Its percent signs are its own.
  }
}

/** Splits the private keys of a PEM file into lines: a log may show one of them without its header. */
function linesOfKey(pem: string): readonly string[] {
  const bodies = pem.split(/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----/).slice(1);
  return bodies.flatMap((body) => (body.split("-----END")[0] ?? "").split(/\r?\n/)).filter((line) => line.length >= 32);
}
