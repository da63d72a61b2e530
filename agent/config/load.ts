// YAML → Config. An error names the file, the line, the key, what was expected and, for a misspelt key, the nearest known one.
import { closest, distance } from "fastest-levenshtein";
import { isMap, isNode, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument } from "yaml";
import * as z from "zod";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { readNodeRecord } from "./node-record.ts";
import { type Config, configSchema, DEFAULT_STATE_FOLDER } from "./schema.ts";

/** Where the configuration is expected. */
export const DEFAULT_CONFIG_PATH = "/etc/eks-satellite/config.yaml";
/** Variables of the service, and of every command: the unit and the launcher read it. */
export const DEFAULT_ENVIRONMENT_PATH = "/etc/eks-satellite/environment";

/** The last configuration that was valid: a mistake in the file must not stop a node at its next start. */
export const LAST_GOOD_CONFIG_PATH = "/var/lib/eks-satellite/last-good-config.yaml";

/** A suggestion further away than this is a different word, not a slip. */
const MAX_SUGGESTION_DISTANCE = 4;

interface Source {
  readonly file: string;
  readonly root: ParsedNode | null;
  readonly lines: LineCounter;
}

/** The configuration to run with, and the problem, if any: why it is not the one in the file, or why no copy could be kept. */
export interface LoadedConfig {
  readonly config: Config;
  readonly problem: unknown;
}

/**
 * Loads the configuration for the daemon: the file, or, when that is not valid, the last one that was.
 * @throws config-missing, config-syntax, config-invalid when there is no earlier one either
 */
export async function loadConfigOrLastGood(host: Host, file: string): Promise<LoadedConfig> {
  try {
    const config = await loadConfig(host, file);
    return { config, problem: await keepAsLastGood(host, file) };
  } catch (problem) {
    const config = await loadConfig(host, LAST_GOOD_CONFIG_PATH).catch(() => undefined); // The mistake in the file itself is the error to report.
    if (config === undefined) throw problem;
    return { config, problem };
  }
}

/** Returns the error that kept the copy from being written; it does not throw, since a full disk must not put an older configuration in force. */
async function keepAsLastGood(host: Host, file: string): Promise<unknown> {
  const [text, lastGood] = await Promise.all([host.files.read(file), host.files.read(LAST_GOOD_CONFIG_PATH)]);
  if (text === undefined || text === lastGood) return undefined;
  return host.files.write(LAST_GOOD_CONFIG_PATH, text, { mode: 0o600 }).catch((error: unknown) => error);
}

/** The configuration in force; undefined when this user may not read it, and before there is one. */
export async function readConfigInForce(host: Host, file: string): Promise<Config | undefined> {
  const [own, lastGood] = await Promise.allSettled([loadConfig(host, file), loadConfig(host, LAST_GOOD_CONFIG_PATH)]);
  if (own.status === "fulfilled") return own.value;
  return lastGood.status === "fulfilled" ? lastGood.value : undefined;
}

/** Reads and validates the configuration file. @throws config-missing, config-syntax, config-invalid */
export async function loadConfig(host: Host, file: string): Promise<Config> {
  const text = await host.files.read(file);
  if (text === undefined) {
    throw new SatelliteError("config-missing", `there is no configuration at ${file}`, {
      hint: `Write cluster.name, cluster.region and credentials there; config.example.yaml documents every key.`,
    });
  }
  const record = await readNodeRecord(host, stateFolderOf(text));
  return parseConfig(text, file, record?.name ?? host.hostname);
}

/** Where an earlier run has kept its record: asked before the text is validated, since a host name may be none that a Node can have. */
function stateFolderOf(text: string): string {
  const { stateFolder } = readTable(text);
  return typeof stateFolder === "string" ? stateFolder : DEFAULT_STATE_FOLDER;
}

/** Whether the text names the node: the machine's host name does otherwise. */
export function isNodeNamed(text: string): boolean {
  const { node } = readTable(text);
  return isTable(node) && typeof node.name === "string";
}

/** The keys of a text that need not be valid; none when it is no table. */
function readTable(text: string): Record<string, unknown> {
  try {
    const value: unknown = parseDocument(text, { prettyErrors: false, logLevel: "silent" }).toJS();
    return isTable(value) ? value : {};
  } catch {
    return {}; // Its validation says what is wrong.
  }
}

/** Parses and validates configuration text; `hostname` names the node when the text does not. @throws config-syntax, config-invalid */
export function parseConfig(text: string, file: string, hostname: string): Config {
  const { document, lines } = parseYaml(text, file);
  const value = withNodeName(withoutNulls(document.toJS()) ?? {}, hostname);
  const result = configSchema.safeParse(value);
  if (!result.success) throw invalid({ file, root: document.contents, lines }, result.error);
  return result.data as Config;
}

/** Parses configuration text as YAML, without validating its keys. @throws config-syntax */
export function parseYaml(text: string, file: string) {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [syntaxError] = document.errors;
  if (syntaxError !== undefined) {
    const line = lines.linePos(syntaxError.pos[0]).line;
    throw new SatelliteError("config-syntax", `${file}:${line}: ${syntaxError.message}`, {
      hint: `Correct the YAML on line ${line}.`,
      cause: syntaxError,
    });
  }
  return { document, lines };
}

/** A key whose whole content is commented out counts as absent. */
function withoutNulls(value: unknown): unknown {
  if (!isTable(value)) return value ?? undefined;
  const entries = Object.entries(value).map(([key, part]) => [key, withoutNulls(part)] as const);
  return Object.fromEntries(entries.filter(([, part]) => part !== undefined));
}

/** The default of node.name is the host name; it is validated like a configured name. A Fargate node's name does not follow from the machine. */
function withNodeName(value: unknown, hostname: string): unknown {
  if (!isTable(value)) return value;
  const node = value.node ?? {};
  if (!isTable(node) || node.name !== undefined || node.identity === "fargate") return value;
  return { ...value, node: { ...node, name: hostname.toLowerCase() } };
}

function invalid(source: Source, { issues }: z.ZodError): SatelliteError {
  const findings = issues.map((issue) => explain(source, issue));
  return new SatelliteError("config-invalid", findings.map(({ message }) => message).join("; "), {
    hint:
      findings.map(({ hint }) => hint).find((hint) => hint !== undefined) ??
      `Correct ${source.file}; config.example.yaml documents every key.`,
  });
}

function explain(source: Source, issue: z.core.$ZodIssue): { message: string; hint?: string } {
  if (issue.code === "unrecognized_keys") return explainUnknown(source, issue.path, issue.keys);
  const name = issue.path.join(".") || "the configuration";
  const value = valueAt(source.root, issue.path);
  const shown = value === undefined || issue.code === "custom" ? "" : ` (it is ${JSON.stringify(value)})`;
  return { message: `${at(source, issue.path)}: ${name}: ${reasonOf(issue, value)}${shown}` };
}

function reasonOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined && ["invalid_type", "invalid_value"].includes(issue.code)) return "is missing";
  return issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
}

function explainUnknown(
  source: Source,
  path: readonly PropertyKey[],
  keys: readonly string[],
): { message: string; hint?: string } {
  const known = knownKeys(configSchema, path);
  const [first = ""] = keys;
  const nearest = known.length === 0 ? undefined : closest(first, known);
  const names = keys.map((key) => [...path, key].join("."));
  const isSlip = nearest !== undefined && distance(first, nearest) <= MAX_SUGGESTION_DISTANCE;
  return {
    message: `${at(source, [...path, first])}: unknown key ${names.join(", ")}`,
    hint: isSlip ? `Did you mean ${[...path, nearest].join(".")}?` : `Known keys here: ${known.join(", ")}.`,
  };
}

/** The keys that the schema knows at a path, through its defaults, optionals and arrays. */
function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  let here: unknown = unwrap(schema);
  for (const step of path) {
    if (here instanceof z.ZodArray) here = unwrap(here.element);
    else if (here instanceof z.ZodObject) here = unwrap(here.shape[String(step)]);
  }
  return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}

function unwrap(schema: unknown): unknown {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault)
    inner = inner.unwrap();
  return inner;
}

/** `file:line` of the deepest part of the path that the document has. */
function at({ file, root, lines }: Source, path: readonly PropertyKey[]): string {
  let node: unknown = root;
  let offset: number | undefined;
  for (const step of path) {
    if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = isNode(node) ? (node.range?.[0] ?? offset) : offset;
      continue;
    }
    if (!isMap(node)) break;
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
    if (pair === undefined) break;
    offset = isNode(pair.key) ? pair.key.range?.[0] : offset;
    node = pair.value;
  }
  return offset === undefined ? file : `${file}:${lines.linePos(offset).line}`;
}

function valueAt(root: ParsedNode | null, path: readonly PropertyKey[]): unknown {
  let value: unknown = root?.toJSON();
  for (const step of path)
    value = isTable(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[step] : undefined;
  return value;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
