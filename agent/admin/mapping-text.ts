// The list in aws-auth's mapRoles or mapUsers, a YAML text within a ConfigMap. An entry is inserted into or cut out of the text
// itself, so that all other entries and comments stay byte for byte; the outcome is parsed again and compared before it is returned.
import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, isNode, isSeq, stringify, visit, type YAMLSeq } from "yaml";
import { SatelliteError } from "../errors.ts";
import { isEmptyText, readMappings } from "./mapping-reader.ts";
import type { MappingTable } from "./mapping-value.ts";

/** The meaning of one entry, whatever its keys. */
export type MappingEntry = MappingTable;

/** A list's text and its meaning. */
export interface MappingList {
  readonly text: string;
  readonly entries: readonly MappingEntry[];
  /** Where each entry begins in the text. */
  readonly offsets: readonly number[];
}

/** A cut or an insertion: `text` in place of what is between two offsets. */
interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * Reads a list; an absent or empty text is an empty one.
 * @param key the ConfigMap's key, e.g. `mapRoles`, for the error
 * @throws aws-auth-invalid: what does not parse is never repaired
 */
export function parseMappings(text: string, key: string): MappingList {
  const { document, entries } = readMappings(text, key);
  return { text, entries, offsets: sequenceOf(document)?.items.map(startOf) ?? [] };
}

/** Line of an entry, from 1. */
export function lineOf({ text, offsets }: MappingList, index: number): number {
  return text.slice(0, offsets[index]).split("\n").length;
}

/** The text with one more entry, at the end. @throws aws-auth-uneditable */
export function appendMapping({ text: present, entries }: MappingList, key: string, entry: MappingEntry): string {
  const text = isEmptyText(present) ? "" : present;
  const { document } = readMappings(text, key);
  const sequence = sequenceOf(document);
  const candidates = isFlow(sequence) && entries.length > 0 ? flowInsertions(text, sequence, entry) : [];
  const blocks = candidates.length > 0 ? [] : blockInsertions(text, document, entry);
  return firstThatMeans([...candidates, ...blocks], text, key, [...entries, entry]);
}

/** The text without the entry at an index. @throws aws-auth-uneditable */
export function removeMapping({ text, entries }: MappingList, key: string, index: number): string {
  const sequence = sequenceOf(readMappings(text, key).document);
  if (sequence === undefined) throw uneditable(key);
  const splices = isFlow(sequence) ? cutFromFlow(text, sequence, index) : cutFromBlock(text, sequence, index);
  const rest = entries.filter((_, other) => other !== index);
  const without = splice(text, splices);
  // An empty text is a null, which not every tool takes for an empty list.
  const candidates = rest.length === 0 && !isFlow(sequence) ? [`${without}[]\n`] : [without];
  return firstThatMeans(candidates, text, key, rest);
}

/** The first candidate that parses and has exactly this meaning. */
function firstThatMeans(
  candidates: readonly string[],
  before: string,
  key: string,
  meaning: readonly MappingEntry[],
): string {
  for (const candidate of candidates) {
    try {
      if (candidate !== before && isDeepStrictEqual(readMappings(candidate, key).entries, meaning)) return candidate;
    } catch {} // This candidate does not parse; the next one may.
  }
  throw uneditable(key);
}

/** At the end of the text, or where the document's content ends, when an end marker follows. */
function blockInsertions(text: string, document: Document.Parsed, entry: MappingEntry): readonly string[] {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const sequence = sequenceOf(document);
  const [first] = isFlow(sequence) ? [] : dashesOf(sequence);
  const margin = " ".repeat(first === undefined ? 0 : first - lineStart(text, first));
  const block = stringify([entry], { lineWidth: 0 })
    .replaceAll(/^(?=.)/gm, margin)
    .replaceAll("\n", newline);
  const { contents } = document;
  if (first === undefined && contents?.range && contents.range[1] > contents.range[0]) {
    // The entry replaces `[]`, `null`, `~` or `""`.
    return [splice(text, [{ from: contents.range[0], to: contents.range[1], text: block.trimEnd() }])];
  }
  return [text.length, document.range[1]].map((at) => {
    const isLineStart = at === 0 || text[at - 1] === "\n";
    return splice(text, [{ from: at, to: at, text: `${isLineStart ? "" : newline}${block}` }]);
  });
}

function flowInsertions(text: string, sequence: YAMLSeq, entry: MappingEntry): readonly string[] {
  const at = (sequence.range?.[1] ?? 0) - 1;
  const flow = JSON.stringify(entry);
  // The second is for a list that ends in a comma already.
  return [`, ${flow}`, ` ${flow},`].map((addition) => splice(text, [{ from: at, to: at, text: addition }]));
}

/** The entry's lines, from its dash to the end of the line of its last value; comments before and after it stay. */
function cutFromBlock(text: string, sequence: YAMLSeq, index: number): readonly Splice[] {
  const dash = dashesOf(sequence)[index] ?? 0;
  const end = text.indexOf("\n", Math.max(lastValueEnd(sequence.items[index]), dash + 1) - 1);
  return [{ from: lineStart(text, dash), to: end < 0 ? text.length : end + 1, text: "" }];
}

/** The entry and the comma that it no longer needs. */
function cutFromFlow(text: string, sequence: YAMLSeq, index: number): readonly Splice[] {
  const tokens = sequence.srcToken?.type === "flow-collection" ? sequence.srcToken.items : [];
  const own = tokens[index]?.start.find(({ type }) => type === "comma")?.offset;
  const next = tokens[index + 1]?.start.find(({ type }) => type === "comma")?.offset;
  const item = sequence.items[index];
  const from = startOf(item);
  const to = isNode(item) ? (item.range?.[1] ?? from) : from;
  const entry = { from, to, text: "" };
  const margin = /[ \t]*$/.exec(text.slice(0, from))?.[0].length ?? 0;
  if (next !== undefined) {
    return [
      { ...entry, from: from - margin },
      { from: next, to: next + 1, text: "" },
    ];
  }
  if (own === undefined) return [entry];
  return own + 1 === from - margin ? [{ ...entry, from: own }] : [{ from: own, to: own + 1, text: "" }, entry];
}

function splice(text: string, splices: readonly Splice[]): string {
  return splices
    .toSorted((one, other) => other.from - one.from)
    .reduce((changed, { from, to, text: insert }) => changed.slice(0, from) + insert + changed.slice(to), text);
}

function sequenceOf(document: Document.Parsed): YAMLSeq | undefined {
  return isSeq(document.contents) ? document.contents : undefined;
}

function isFlow(sequence: YAMLSeq | undefined): sequence is YAMLSeq {
  return sequence?.flow === true;
}

/** Offsets of the dashes of a block sequence. */
function dashesOf(sequence: YAMLSeq | undefined): readonly number[] {
  if (sequence?.srcToken?.type !== "block-seq") return [];
  return sequence.srcToken.items.flatMap(({ start }) =>
    start.filter(({ type }) => type === "seq-item-ind").map(({ offset }) => offset),
  );
}

/** Where the last scalar, alias or flow collection of a node ends; comments after it do not belong to it. */
function lastValueEnd(item: unknown): number {
  let end = 0;
  if (!isNode(item)) return end;
  visit(item, (_key, node) => {
    const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true;
    if (isNode(node) && !isBlock) end = Math.max(end, node.range?.[1] ?? 0);
  });
  return end;
}

function startOf(item: unknown): number {
  return isNode(item) ? (item.range?.[0] ?? 0) : 0;
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

function uneditable(key: string): SatelliteError {
  return new SatelliteError(
    "aws-auth-uneditable",
    `${key} in aws-auth is written in a way that cannot be edited safely`,
    {
      hint: "It is left alone. kubectl edit configmap aws-auth --namespace kube-system: the entry to add or to remove is in docs/how-to/let-machines-in.md#what-changes-in-the-cluster.",
    },
  );
}
