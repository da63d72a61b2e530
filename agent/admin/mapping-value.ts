// Converts the YAML of aws-auth to what aws-iam-authenticator sees in it: YAML 1.1 as go-yaml v2 reads it, made JSON. Where that is
// not certain, there is a problem.
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from "yaml";

/** What the authenticator sees: JSON. */
export type MappingValue = string | number | boolean | null | readonly MappingValue[] | MappingTable;
export interface MappingTable {
  readonly [key: string]: MappingValue;
}

/**
 * What a problem means to the authenticator. unreadable: it reads nothing of the list, so no entry of it gets in.
 * ignored: it leaves out this value and reads the rest. unsure: it may read all of it.
 */
export type Severity = "unreadable" | "ignored" | "unsure";

/** Why a list is refused. */
export class MappingProblem extends Error {
  readonly severity: Severity;
  /** Where in the text; undefined when it is about all of it. */
  readonly offset: number | undefined;

  constructor(severity: Severity, offset: number | undefined, message: string) {
    super(message);
    this.severity = severity;
    this.offset = offset;
  }
}

/** go-yaml's limits on aliases (decode.go, allowedAliasRatio); no ConfigMap is large enough for its other limits. */
const ALIAS_LIMITS = { nodes: 1000, aliased: 100, share: 0.99, aliasedAtMost: 400_000 };
const ANCHOR = /^[\w-]+$/;
const STRING_TAG = "tag:yaml.org,2002:str";
/** JSON's escapes that go-yaml v2 lacks: a slash, and a character in two halves. */
const ESCAPES = /\\(u[dD][89a-fA-F]|[\s\S])/g;
/** npm's yaml takes a quote that is an escape for the end of a text. */
const QUOTED = /^(?:'(?:[^']|'')*'|"(?:[^"\\]|\\[\s\S])*")$/;

/** Words that go-yaml v2 takes for no texts (resolve.go). */
const BOOLEANS = new Set(
  ["y", "yes", "true", "on", "n", "no", "false", "off"].flatMap((word) => [
    word,
    `${word.charAt(0).toUpperCase()}${word.slice(1)}`,
    word.toUpperCase(),
  ]),
);
const NULLS = new Set(["", "~", "null", "Null", "NULL"]);
const NOT_FINITE = new Set([".nan", ".NaN", ".NAN", ...["", "+", "-"].flatMap((sign) => infinities(sign))]);
const DECIMAL = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const WITH_BASE = /^([-+]?)0(x[0-9a-f]+|o?[0-7]+|b[01]+)$/i;
const BASES: Readonly<Record<string, number>> = { x: 16, b: 2 };

interface Reading {
  readonly text: string;
  readonly anchors: Map<string, Node>;
  nodes: number;
  aliased: number;
  aliasDepth: number;
}

/** Converts a document to what the authenticator sees. @throws MappingProblem */
export function readMappingValue(document: Document.Parsed, text: string): MappingValue {
  return readNode(document.contents, { text, anchors: new Map(), nodes: 0, aliased: 0, aliasDepth: 0 }, false);
}

function readNode(node: unknown, reading: Reading, isFlow: boolean): MappingValue {
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return null;
  countNode(node, reading);
  if (isAlias(node)) return readAlias(node, reading);
  if (node.tag !== undefined && !(isScalar(node) && node.tag === STRING_TAG))
    throw new MappingProblem("unsure", startOf(node), `it has the tag ${node.tag}`);
  if (node.anchor !== undefined) declareAnchor(node.anchor, node, reading);
  if (isScalar(node)) return readScalar(node, isFlow);
  const isInFlow = isFlow || node.flow === true;
  if (isSeq(node)) return node.items.map((item) => readNode(item, reading, isInFlow));
  return Object.fromEntries(readPairs(node, reading, isInFlow));
}

function countNode(node: Node, reading: Reading): void {
  const { nodes, aliased, share, aliasedAtMost } = ALIAS_LIMITS;
  reading.nodes += 1;
  if (reading.aliasDepth > 0) reading.aliased += 1;
  const isMost = reading.nodes > nodes && reading.aliased > aliased && reading.aliased > reading.nodes * share;
  if (isMost || reading.aliased > aliasedAtMost)
    throw new MappingProblem("unreadable", startOf(node), "it has too many aliases");
}

function declareAnchor(anchor: string, node: Node, { anchors }: Reading): void {
  if (!ANCHOR.test(anchor))
    throw new MappingProblem(
      "unreadable",
      startOf(node),
      `the anchor &${anchor} has other signs than letters and digits`,
    );
  // An alias means the last anchor of its name before it.
  anchors.set(anchor, node);
}

function readAlias(node: Node & { readonly source: string }, reading: Reading): MappingValue {
  const target = reading.anchors.get(node.source);
  if (target === undefined)
    throw new MappingProblem("unreadable", startOf(node), `the alias *${node.source} has no anchor before it`);
  if (startOf(node) > startOf(target) && startOf(node) < (target.range?.[1] ?? 0))
    throw new MappingProblem("unreadable", startOf(node), `the alias *${node.source} contains itself`);
  // The anchors within were declared when the target itself was read.
  const inner = { ...reading, anchors: new Map(reading.anchors), aliasDepth: reading.aliasDepth + 1 };
  const value = readNode(target, inner, false);
  reading.nodes = inner.nodes;
  reading.aliased = inner.aliased;
  return value;
}

function readScalar(node: Scalar, isFlow: boolean): MappingValue {
  const text = String(node.value);
  if (node.type?.startsWith("QUOTE") === true) checkQuoted(node);
  if (node.type !== "PLAIN" || node.tag === STRING_TAG) return text;
  if (NOT_FINITE.has(text))
    throw new MappingProblem("unreadable", startOf(node), `${text} is a number that JSON lacks`);
  if (isFlow && (text.includes("?") || text.startsWith(":")))
    throw new MappingProblem("unsure", startOf(node), `${JSON.stringify(text)} in brackets has no quotes`);
  return resolvePlain(text);
}

function checkQuoted(node: Scalar): void {
  const source = (node.srcToken as { source?: string } | undefined)?.source ?? "";
  if (!QUOTED.test(source)) throw new MappingProblem("unsure", startOf(node), "a quote has no end");
  const foreign = source.startsWith('"') ? source.match(ESCAPES)?.find((each) => /^\\(u.|\/)/.test(each)) : undefined;
  if (foreign !== undefined)
    throw new MappingProblem("unreadable", startOf(node), `it has the escape ${foreign} of JSON, which go-yaml lacks`);
}

/** In the order of go-yaml v2: of equal keys the last counts, also where it comes from `<<`. */
function readPairs(node: YAMLMap, reading: Reading, isFlow: boolean): Map<string, MappingValue> {
  const pairs = new Map<string, MappingValue>();
  const own = new Set<string>();
  for (const { key, value } of node.items) {
    if (isScalar(key) && key.type === "PLAIN" && key.value === "<<" && key.tag === undefined) {
      for (const [name, merged] of readMerged(value, reading, isFlow)) pairs.set(name, merged);
      continue;
    }
    const name = readKey(key, reading, isFlow);
    if (own.has(name))
      throw new MappingProblem("unsure", startOf(key), `the key ${name} is there twice: Map keys must be unique`);
    own.add(name);
    pairs.set(name, readNode(value, reading, isFlow));
  }
  return pairs;
}

function readKey(key: unknown, reading: Reading, isFlow: boolean): string {
  const name = readNode(key, reading, isFlow);
  if (name === null) throw new MappingProblem("unreadable", startOf(key), "a key is empty");
  if (typeof name === "object") {
    const [from = 0, to = from] = isNode(key) ? (key.range ?? []) : [];
    const written = JSON.stringify(reading.text.slice(from, to).slice(0, 60));
    throw new MappingProblem(
      "unreadable",
      from,
      `${written} is a key in brackets: a template needs double quotes, "{{…}}"`,
    );
  }
  const [from = 0, end = from] = isNode(key) ? (key.range ?? []) : [];
  if (isFlow && (reading.text.slice(from, end).includes("\n") || /^[ \t\r]*[\n#]/.test(reading.text.slice(end))))
    throw new MappingProblem("unsure", from, `the key ${name} and its colon are on two lines`);
  if (isFlow && isScalar(key) && key.type === "PLAIN" && /^:[,[\]{}]/.test(reading.text.slice(end, end + 2)))
    throw new MappingProblem("unsure", startOf(key), `${name}: in brackets has no blank after its colon`);
  return String(name);
}

function readMerged(value: unknown, reading: Reading, isFlow: boolean): readonly (readonly [string, MappingValue])[] {
  const parts = isSeq(value) ? value.items.toReversed() : [value];
  return parts.flatMap((part) => {
    const table = readNode(part, reading, isFlow);
    if (!isMap(isAlias(part) ? reading.anchors.get(part.source) : part) || !isMappingTable(table))
      throw new MappingProblem("unreadable", startOf(part), "<< takes a mapping, or a list of mappings");
    return Object.entries(table);
  });
}

export function isMappingTable(value: MappingValue | undefined): value is MappingTable {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

/** Reads a plain scalar as go-yaml v2 does. */
function resolvePlain(written: string): string | number | boolean | null {
  if (NULLS.has(written)) return null;
  if (BOOLEANS.has(written)) return /^(y|t|on)/i.test(written);
  // Where a dot comes first, go-yaml does not look past underscores.
  const digits = written.startsWith(".") ? written : written.replaceAll("_", "");
  const [, sign = "", body = ""] = WITH_BASE.exec(digits) ?? [];
  if (body !== "") return Number.parseInt(sign + body.replace(/^[xob]/i, ""), BASES[body.charAt(0).toLowerCase()] ?? 8);
  return /^[-+.\d]/.test(written) && DECIMAL.test(digits) ? Number(digits) : written;
}

function infinities(sign: string): readonly string[] {
  return ["inf", "Inf", "INF"].map((word) => `${sign}.${word}`);
}
