// YAML → Config. An error names the file, the line, the key, what was expected and, for a misspelt key, the nearest known one.
import { type Document, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type * as z from "zod";
import { describe, SatelliteError } from "../errors.ts";
import type { LaptopHost } from "../host/laptop/types.ts";
import { explainIssues } from "./explain.ts";
import { readNodeRecord } from "./node-record.ts";
import { type Config, configSchema, DEFAULT_STATE_FOLDER } from "./schema.ts";

/** Where the configuration is expected. */
export const DEFAULT_CONFIG_PATH = "/etc/eks-satellite/config.yaml";
/** Where the packages put the example. */
export const EXAMPLE_FOLDER = "/usr/share/doc/eks-satellite";
/** A comment by which an editor knows every key, its meaning and its values. */
export const SCHEMA_COMMENT = `# yaml-language-server: $schema=${EXAMPLE_FOLDER}/config.schema.json`;
/** Variables of the service, and of every command: the unit and the launcher read it. */
export const DEFAULT_ENVIRONMENT_PATH = "/etc/eks-satellite/environment";

/** The last configuration that was valid: a mistake in the file must not stop a node at its next start. */
export const LAST_GOOD_CONFIG_PATH = "/var/lib/eks-satellite/last-good-config.yaml";

/** A larger file is no configuration. */
const MAX_BYTES = 256 * 1024;
const MAX_PROBLEM = 300;
/** Advice to programmers in a message of the parser. */
const ADVICE = /; please use .*/s;

/** Reads and validates the configuration file. @throws config-missing, config-syntax, config-invalid */
export async function loadConfig(host: LaptopHost, file: string): Promise<Config> {
  const text = await host.files.read(file);
  if (text === undefined) {
    throw new SatelliteError("config-missing", `there is no configuration at ${file}`, {
      hint: `Write cluster.name, cluster.region and credentials there: eks-satellite configure --cluster NAME --region REGION --credentials-file FILE does it; config.example.yaml in ${EXAMPLE_FOLDER} documents every key.`,
    });
  }
  const record = await readNodeRecord(host, stateFolderOf(text));
  return await parseWhole(text, file, record?.name ?? host.hostname);
}

/** Parses and validates configuration text, with what the schema alone cannot say. @throws config-syntax, config-invalid */
export async function parseWhole(text: string, file: string, hostname: string): Promise<Config> {
  const config = parseConfig(text, file, hostname);
  await checkUpgradeWindow(file, config);
  return config;
}

/** node-cron takes 8 MB of memory: it is loaded where a window is configured. @throws config-invalid */
async function checkUpgradeWindow(file: string, { kubelet: { upgradeWindow } }: Config): Promise<void> {
  if (upgradeWindow === undefined) return;
  const { validateDetailed } = await import("node-cron");
  const isFive = upgradeWindow.trim().split(/\s+/).length === 5;
  const { valid, errors } = validateDetailed(upgradeWindow);
  if (isFive && valid) return;
  const why = isFive ? (errors[0]?.message ?? "it is not understood") : "it must have five fields";
  throw new SatelliteError(
    "config-invalid",
    `${file}: kubelet.upgradeWindow is no cron expression: ${why} (it is ${upgradeWindow})`,
    {
      hint: 'Five fields of crontab(5): minute, hour, day of the month, month, day of the week, e.g. "0 3 * * 0" for Sundays at 3.',
    },
  );
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
  if (text.length > MAX_BYTES) return {};
  try {
    const value: unknown = parseDocument(text, { prettyErrors: false, logLevel: "silent", uniqueKeys: false }).toJS();
    return isTable(value) ? value : {};
  } catch {
    return {}; // Its validation says what is wrong.
  }
}

/**
 * Parses and validates configuration text.
 * @param hostname names the node when the text does not
 * @param options of a command, by the paths of the keys that they gave
 * @throws config-syntax, config-invalid
 */
export function parseConfig(
  text: string,
  file: string,
  hostname: string,
  options: Readonly<Record<string, string>> = {},
): Config {
  const { document, lines } = parseYaml(text, file);
  const value = toValue(document, file);
  const result = configSchema.safeParse(withNodeName(value, hostname));
  if (result.success) return result.data as Config;
  const source = { file, root: document.contents, lines, value, options, hostname };
  throw explainIssues(source, configSchema, result.error.issues);
}

/**
 * Parses and validates the text of another file, with errors as those of the configuration.
 * @param manual what documents every key of it
 * @throws config-syntax, config-invalid
 */
export function parseSettings<T>(schema: z.ZodType<T>, text: string, file: string, manual: string): T {
  const { document, lines } = parseYaml(text, file);
  const value = toValue(document, file);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const source = { file, root: document.contents, lines, value, options: {}, hostname: "", manual };
  throw explainIssues(source, schema, result.error.issues);
}

/** Parses configuration text as YAML, without validating its keys. @throws config-syntax */
export function parseYaml(text: string, file: string): { document: Document.Parsed; lines: LineCounter } {
  if (text.length > MAX_BYTES)
    throw syntaxError(file, undefined, `it has ${text.length} bytes, more than ${MAX_BYTES}`);
  const lines = new LineCounter();
  // A search for keys that are there twice would take minutes for thousands of keys.
  const document = unlessTooDeep(file, () =>
    parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false }),
  );
  const [problem] = document.errors;
  const lineOf = (offset: number) => lines.linePos(offset).line;
  if (problem !== undefined)
    throw syntaxError(file, lineOf(problem.pos[0]), problem.message.replace(ADVICE, ""), problem);
  const again = findRepeatedKey(document);
  if (again !== undefined) throw syntaxError(file, lineOf(again.offset), `Map keys must be unique: ${again.key}`);
  return { document, lines };
}

function syntaxError(file: string, line: number | undefined, problem: string, cause?: unknown): SatelliteError {
  const place = line === undefined ? file : `${file}:${line}`;
  const hint = line === undefined ? `Write it anew, or restore it: ${file}.` : `Correct the YAML on line ${line}.`;
  return new SatelliteError("config-syntax", `${place}: ${problem.slice(0, MAX_PROBLEM)}`, { hint, cause });
}

/** The parser, and what walks over its tree, call themselves once for each level of nesting. */
function unlessTooDeep<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw syntaxError(file, undefined, "it is nested too deeply", error);
    throw error;
  }
}

function findRepeatedKey(document: Document.Parsed): { readonly key: string; readonly offset: number } | undefined {
  let found: { key: string; offset: number } | undefined;
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) found = { key: String(key.value), offset: isNode(key) ? (key.range?.[0] ?? 0) : 0 };
        if (found !== undefined) return visit.BREAK;
        seen.add(key.value);
      }
      return undefined;
    },
  });
  return found;
}

/** Aliases that multiply to more than a configuration holds are an error of the parser. */
function toValue(document: Document.Parsed, file: string): unknown {
  try {
    return withoutNulls(document.toJS()) ?? {};
  } catch (error) {
    throw syntaxError(
      file,
      undefined,
      error instanceof RangeError ? "it is nested too deeply" : describe(error).message,
    );
  }
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

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
