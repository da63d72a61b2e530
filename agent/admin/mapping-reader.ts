// Reads mapRoles and mapUsers: the entries that aws-iam-authenticator sees, or an error that names the entry and what is wrong in it.
import { type Document, isMap, isNode, isSeq, parseDocument } from "yaml";
import { SatelliteError } from "../errors.ts";
import {
  isMappingTable,
  MappingProblem,
  type MappingTable,
  type MappingValue,
  readMappingValue,
  type Severity,
} from "./mapping-value.ts";

export type MappingKey = "mapRoles" | "mapUsers";

/** A list's document, and the meaning of its entries. */
export interface ReadMappings {
  readonly document: Document.Parsed;
  readonly entries: readonly MappingTable[];
}

type FieldType = "text" | "texts" | "sso";
/** Fields of the authenticator's RoleMapping and UserMapping (pkg/config/types.go); it ignores all others. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, FieldType>>>> = {
  mapRoles: { rolearn: "text", username: "text", groups: "texts", userid: "text", sso: "sso" },
  mapUsers: { userarn: "text", username: "text", groups: "texts", userid: "text" },
};
const SSO_FIELDS: Readonly<Record<string, FieldType>> = {
  permissionsetname: "text",
  accountid: "text",
  partition: "text",
};
/** Texts that the authenticator takes for no list at all (pkg/mapper/configmap, isSkippable). */
const EMPTY_TEXTS = ["", "``", '""', "''"];
/** go-yaml refuses these (readerc.go). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]/;
/** What YAML 1.1 and YAML 1.2 take differently: line breaks, byte order marks, directives, an end without a beginning. */
const DOUBTFUL: Readonly<Record<string, RegExp>> = {
  "an unusual line break": /[\u0085\u2028\u2029]|\r(?!\n)/,
  "a byte order mark": /\ufeff/,
  "a directive": /^%/m,
  "an end mark without a document": /^(?:[ \t\r]*(?:#.*)?\n)*\.\.\./,
};

/** Whether the authenticator takes a text for no list. */
export function isEmptyText(text: string): boolean {
  return EMPTY_TEXTS.includes(text.trim());
}

/** Reads a list; an empty one has no entries. @throws aws-auth-invalid */
export function readMappings(text: string, key: string): ReadMappings {
  const document = parseDocument(isEmptyText(text) ? "" : text, {
    keepSourceTokens: true,
    schema: "failsafe",
    uniqueKeys: false,
    prettyErrors: false,
  });
  try {
    const [syntax] = document.errors;
    if (syntax !== undefined) throw new MappingProblem("unsure", syntax.pos[0], syntax.message.replace(ADVICE, ""));
    checkCharacters(text);
    if (document.contents !== null && isMap(document.contents)) throw notList();
    return { document, entries: readEntries(readMappingValue(document, text), document, key) };
  } catch (error) {
    if (error instanceof MappingProblem) throw invalid(key, text, document, error);
    if (error instanceof RangeError)
      throw invalid(key, text, document, new MappingProblem("unsure", undefined, "it is nested too deeply"));
    throw error;
  }
}

/** A field as encoding/json finds it: whatever its case, and of several the last in the order of their names. */
export function fieldOf(entry: MappingTable, field: string): MappingValue | undefined {
  const name = Object.keys(entry)
    .toSorted()
    .findLast((each) => fold(each) === fold(field));
  return name === undefined ? undefined : entry[name];
}

/** Advice to programmers in a message of the parser. */
const ADVICE = /; please use .*/s;

/** Text without regard to case, as Go compares it: also `ſ` is an s. */
export function fold(text: string): string {
  return text.toUpperCase().toLowerCase();
}

const notList = () => new MappingProblem("unreadable", undefined, "it is not a list");

/** Finds what both readers of YAML would not take alike, before one reads it. */
function checkCharacters(text: string): void {
  const control = CONTROL_CHARACTER.exec(text);
  if (control !== null) throw new MappingProblem("unreadable", control.index, "there is a control character");
  for (const [what, pattern] of Object.entries(DOUBTFUL)) {
    const found = pattern.exec(text);
    if (found !== null) throw new MappingProblem("unsure", found.index, `there is ${what}`);
  }
  let offset = 0;
  for (const line of text.split("\n")) {
    const tab = findDoubtfulTab(line);
    if (tab !== undefined) throw new MappingProblem("unsure", offset + tab, "Tabs are not allowed as indentation");
    offset += line.length + 1;
  }
}

/** A tab in a comment, or after a word, means the same to every reader. */
function findDoubtfulTab(line: string): number | undefined {
  for (let tab = line.indexOf("\t"); tab >= 0; tab = line.indexOf("\t", tab + 1)) {
    const before = line.slice(0, tab).trimEnd();
    if (before.startsWith("#") || before.includes(" #")) return undefined;
    if (before === "" || /(^|[ \t])[-?]$/.test(before)) return tab;
  }
  return undefined;
}

function readEntries(value: MappingValue, document: Document.Parsed, key: string): readonly MappingTable[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw notList();
  const offsets = entryOffsets(document);
  return value.map((entry: MappingValue, index) => {
    const offset = offsets[index] ?? 0;
    if (!isMappingTable(entry)) throw new MappingProblem("ignored", offset, `its entry ${index + 1} is not a mapping`);
    checkFields(entry, FIELDS[key] ?? {}, offset);
    return entry;
  });
}

function checkFields(table: MappingTable, fields: Readonly<Record<string, FieldType>>, offset: number): void {
  for (const [name, value] of Object.entries(table)) {
    const type = fields[fold(name)];
    const problem = type === undefined || value === null ? undefined : CHECKS[type](name, value, offset);
    if (problem !== undefined) throw new MappingProblem("ignored", offset, problem);
  }
}

const CHECKS: Readonly<Record<FieldType, (name: string, value: MappingValue, offset: number) => string | undefined>> = {
  text: explainNoText,
  texts: (name, value) =>
    Array.isArray(value)
      ? value.map((item: MappingValue) => explainNoText(`an item of ${name}`, item)).find((each) => each !== undefined)
      : `${name} is not a list`,
  sso: (name, value, offset) => {
    if (!isMappingTable(value)) return `${name} is not a mapping`;
    checkFields(value, SSO_FIELDS, offset);
    return undefined;
  },
};

function explainNoText(name: string, value: MappingValue): string | undefined {
  if (value === null || typeof value === "string") return undefined;
  return typeof value === "object"
    ? `${name} is not a text`
    : `${name} is the ${typeof value} ${value} in YAML 1.1, not a text: put it in quotes`;
}

function entryOffsets({ contents }: Document.Parsed): readonly number[] {
  return isSeq(contents) ? contents.items.map((item) => (isNode(item) ? (item.range?.[0] ?? 0) : 0)) : [];
}

const EDIT = "kubectl edit configmap aws-auth --namespace kube-system";
const HINTS: Readonly<Record<Severity, string>> = {
  unreadable: `It is left alone. aws-iam-authenticator cannot read it either, so the principals that it maps may be locked out: correct it with ${EDIT}, and run this again.`,
  ignored: `It is left alone. aws-iam-authenticator leaves that out and reads the rest: correct it with ${EDIT}, and run this again.`,
  unsure: `It is left alone. aws-iam-authenticator may read it, but this program cannot tell what it reads: write it more simply with ${EDIT}, and run this again.`,
};

function invalid(key: string, text: string, document: Document.Parsed, problem: MappingProblem): SatelliteError {
  const { message, offset, severity } = problem;
  const index = entryOffsets(document).findLastIndex((start) => offset !== undefined && start <= offset);
  const place = index < 0 || /^its entry/.test(message) ? "" : `its entry ${index + 1}: `;
  const line = offset === undefined ? "" : ` at line ${text.slice(0, offset).split("\n").length}`;
  const what = message.split("\n")[0] ?? "";
  return new SatelliteError("aws-auth-invalid", `${key} in aws-auth cannot be read: ${place}${what}${line}`, {
    hint: HINTS[severity],
  });
}
