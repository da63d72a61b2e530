// Which configuration is in force: the file's, or the last one that was proven. Valid is not yet true: one that names another cluster,
// or another identity, is tried first, while the one before it goes on.
import { isDeepStrictEqual } from "node:util";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { LAST_GOOD_CONFIG_PATH, loadConfig } from "./load.ts";
import { readNodeRecord } from "./node-record.ts";
import type { Config } from "./schema.ts";

/** The configuration to run with, and the problem, if any: why it is not the one in the file, or why no copy could be kept. */
export interface LoadedConfig {
  readonly config: Config;
  readonly problem: unknown;
  /** What the file says, while it has to be tried first. */
  readonly candidate?: Config;
}

/**
 * Loads the configuration for the daemon: the file, or, when that is not valid or is on trial, the last good one.
 * @throws config-missing, config-syntax, config-invalid when there is no earlier one either
 */
export async function loadConfigOrLastGood(host: Host, file: string): Promise<LoadedConfig> {
  const lastGood = await loadConfig(host, LAST_GOOD_CONFIG_PATH).catch(() => undefined); // The mistake in the file itself is the error to report.
  try {
    const config = await loadConfig(host, file);
    if (lastGood !== undefined && (await needsTrial(host, lastGood, config)))
      return { config: lastGood, problem: onTrial(file, lastGood, config), candidate: config };
    return { config, problem: await keepAsLastGood(host, file) };
  } catch (problem) {
    if (lastGood === undefined) throw problem;
    return { config: lastGood, problem };
  }
}

/** Returns the error that kept the copy from being written; it does not throw, since a full disk must not put an older configuration in force. */
export async function keepAsLastGood(host: Host, file: string): Promise<unknown> {
  const [text, lastGood] = await Promise.all([
    host.files.read(file),
    host.files.read(LAST_GOOD_CONFIG_PATH).catch(() => undefined), // It is written anew.
  ]);
  if (text === undefined || text === lastGood) return undefined;
  return host.files.write(LAST_GOOD_CONFIG_PATH, text, { mode: 0o600 }).catch((error: unknown) => error);
}

/** The configuration in force; undefined when this user may not read it, and before there is one. */
export async function readConfigInForce(host: Host, file: string): Promise<Config | undefined> {
  const [own, lastGood] = await Promise.all(
    [file, LAST_GOOD_CONFIG_PATH].map((path) => loadConfig(host, path).catch(() => undefined)),
  );
  if (own === undefined || lastGood === undefined) return own ?? lastGood;
  return (await needsTrial(host, lastGood, own)) ? lastGood : own;
}

/** Whether a machine that has joined would be another node by it. Before the first join there is nothing to lose. */
async function needsTrial(host: Host, present: Config, next: Config): Promise<boolean> {
  if (listChanges(present, next).length === 0) return false;
  return (await readNodeRecord(host, present.stateFolder)) !== undefined;
}

/** The keys that say which node of which cluster this is, and as whom it signs, by which two configurations differ. */
function listChanges(present: Config, next: Config): readonly string[] {
  const before = identityOf(present);
  return Object.entries(identityOf(next))
    .filter(([key, value]) => !isDeepStrictEqual(value, before[key]))
    .map(([key]) => key);
}

function identityOf({ cluster, credentials, node, aws }: Config): Readonly<Record<string, unknown>> {
  return {
    "cluster.name": cluster.name,
    "cluster.region": cluster.region,
    credentials,
    "node.identity": node.identity,
    "node.name": node.name,
    "node.eni": node.eni,
    "aws.endpoints": aws.endpoints,
  };
}

function onTrial(file: string, present: Config, next: Config): SatelliteError {
  return new SatelliteError(
    "config-on-trial",
    `${file} changes ${listChanges(present, next).join(", ")}: the configuration before it is in force until the cluster has been described and has accepted this node by the new one`,
    { hint: "It is tried within a minute. eks-satellite check --only config shows what the file says." },
  );
}

/** Why a configuration that was tried is not in force. */
export function trialFailed(
  file: string,
  { message, hint }: { readonly message: string; readonly hint: string | undefined },
): SatelliteError {
  return new SatelliteError(
    "config-trial-failed",
    `${file} is valid and not in force: ${message}; the configuration before it stays, and the new one is tried again`,
    { hint: hint ?? `Correct ${file}.` },
  );
}
