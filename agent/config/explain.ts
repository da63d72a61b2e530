// What is wrong with a configuration that does not fit the schema: file and line, or the option, the key, what was expected, and the
// nearest known key.
import { isMap, isNode, isScalar, isSeq, type LineCounter, type ParsedNode } from "yaml";
import * as z from "zod";
import { SatelliteError } from "../errors.ts";
import { findNearest } from "../nearest.ts";

/** The document that an issue is about. */
export interface Source {
  readonly file: string;
  readonly root: ParsedNode | null;
  readonly lines: LineCounter;
  readonly value: unknown;
  /** Of a command: the option that a key's value was given by, by the key's path, e.g. `cluster.region`. */
  readonly options: Readonly<Record<string, string>>;
  /** The machine's own, which stands for node.name where the file has none. */
  readonly hostname: string;
  /** What documents every key. Default: the example of the packages. */
  readonly manual?: string;
}

interface Finding {
  readonly message: string;
  readonly hint?: string;
}

/** More findings, or longer messages, do not help the user. */
const MAX_FINDINGS = 20;
const MAX_SHOWN = 100;

/** One error for all issues; its parts are an error for each. */
export function explainIssues(source: Source, schema: z.ZodType, issues: readonly z.core.$ZodIssue[]): SatelliteError {
  const findings = issues.flatMap((issue) => explainIssue(source, schema, issue));
  const shown = findings.slice(0, MAX_FINDINGS);
  const { file, manual = "config.example.yaml in /usr/share/doc/eks-satellite" } = source;
  const general = `Correct ${file}; ${manual} documents every key.`;
  const parts = shown.map(({ message, hint = general }) => new SatelliteError("config-invalid", message, { hint }));
  const more = findings.length > shown.length ? [`and ${findings.length - shown.length} more`] : [];
  return new SatelliteError("config-invalid", [...shown.map(({ message }) => message), ...more].join("; "), {
    hint: shown.find(({ hint }) => hint !== undefined)?.hint ?? general,
    parts,
  });
}

function explainIssue(source: Source, schema: z.ZodType, issue: z.core.$ZodIssue): readonly Finding[] {
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => explainUnknown(source, [...issue.path, key], known));
  }
  const name = issue.path.join(".") || "the configuration";
  const value = valueAt(source.value, issue.path);
  const reason = reasonOf(issue, value);
  const option = source.options[name];
  if (option !== undefined) return [{ message: `${option} ${show(value)}: ${reason}`, hint: `Correct ${option}.` }];
  if (name === "node.name" && value === undefined && isHostnameTheName(source))
    return [explainHostname(source, reason)];
  const shown = value === undefined || issue.code === "custom" ? "" : ` (it is ${show(value)})`;
  return [{ message: `${at(source, issue.path)}: ${name}: ${reason}${shown}` }];
}

/** A node of identity fargate has no name without one in the file. */
function isHostnameTheName({ value }: Source): boolean {
  return valueAt(value, ["node", "identity"]) !== "fargate";
}

function explainHostname({ file, hostname }: Source, reason: string): Finding {
  return {
    message: `${file}: node.name is not set, and the machine's host name ${cut(hostname)} cannot be a Node's name (${reason}): set node.name, or change the host name`,
  };
}

function reasonOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined && ["invalid_type", "invalid_value"].includes(issue.code)) return "is missing";
  return issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
}

function explainUnknown(source: Source, path: readonly PropertyKey[], known: readonly string[]): Finding {
  const key = cut(String(path.at(-1)));
  const table = path.slice(0, -1);
  const nearest = findNearest(key, known);
  return {
    message: `${at(source, path)}: unknown key ${[...table, key].join(".")}`,
    hint:
      nearest === undefined
        ? `Known keys here: ${known.join(", ")}.`
        : `Did you mean ${[...table, nearest].join(".")}?`,
  };
}

/** The keys that the schema knows at a path, through its defaults, optionals, arrays and tables of free keys. */
export function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  let here: unknown = unwrap(schema);
  for (const step of path) {
    if (here instanceof z.ZodArray) here = unwrap(here.element);
    else if (here instanceof z.ZodRecord) here = unwrap(here.valueType);
    else if (here instanceof z.ZodObject) here = unwrap(here.shape[String(step)]);
  }
  return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}

/** The schema below its defaults and optionals. */
export function unwrap(schema: unknown): unknown {
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
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
    if (pair === undefined) break;
    offset = isNode(pair.key) ? pair.key.range?.[0] : offset;
    node = pair.value;
  }
  return offset === undefined ? file : `${file}:${lines.linePos(offset).line}`;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const step of path)
    value = typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined;
  return value;
}

function show(value: unknown): string {
  return cut(JSON.stringify(value) ?? "undefined");
}

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
