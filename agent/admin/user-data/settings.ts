// `--set KEY=VALUE`: any key of the configuration from a command line, by the schema, so that a value has its key's type.
import { type Document, visit } from "yaml";
import * as z from "zod";
import { unwrap } from "../../config/explain.ts";
import { parseYaml } from "../../config/load.ts";
import { configSchema } from "../../config/schema.ts";
import { describe, SatelliteError } from "../../errors.ts";
import { findNearest } from "../../nearest.ts";

/** One key of the configuration, and its value. */
export interface Setting {
  readonly path: readonly string[];
  readonly value: unknown;
  /** The option that it came from, e.g. `--set gpu.taint`. */
  readonly option: string;
}

/** A larger value belongs into a file. */
const MAX_LENGTH = 64 * 1024;
/** What YAML 1.1 cannot hold as it is, and what shows nothing: no value of the configuration needs it. */
const UNPRINTABLE = /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]|(?![\n\t])\p{Cc}/u;

/** Parses one `KEY=VALUE`. @throws options-invalid, config-invalid with the nearest known key */
export function parseSetting(text: string): Setting {
  const at = findEquals(text);
  if (at <= 0 || text.length > MAX_LENGTH)
    throw new SatelliteError("options-invalid", `--set ${JSON.stringify(text.slice(0, 100))} is not KEY=VALUE`, {
      hint: "For example --set gpu.taint=true --set node.labels.team=nlp; docs/reference/configuration.md has every key.",
    });
  const key = text.slice(0, at);
  const value = text.slice(at + 1);
  const option = `--set ${key}`;
  if (UNPRINTABLE.test(text))
    throw new SatelliteError("options-invalid", `${option} holds a control character`, {
      hint: "Write the value without it; a line end and a tab are possible.",
    });
  const place = findPlace(splitKey(key, option), option);
  return { path: place.path, value: readValue(value, place.kind, option), option };
}

/** The first `=` outside double quotes; -1 without one. */
function findEquals(text: string): number {
  const { length = 0 } = /^(?:[^="]|"[^"]*")*/.exec(text)?.[0] ?? "";
  return text[length] === "=" ? length : -1;
}

/** Splits at dots outside double quotes: `containerd.registries."docker.io".server`. @throws options-invalid */
function splitKey(key: string, option: string): readonly string[] {
  const steps = key.match(/(?:[^."]|"[^"]*")+/g) ?? [];
  if (steps.join(".") === key) return steps.map((step) => step.replaceAll('"', ""));
  throw new SatelliteError("options-invalid", `${option}: the key is not words with dots between them`, {
    hint: "A word that holds a dot is quoted: --set 'containerd.registries.\"docker.io\".server=https://mirror'.",
  });
}

/** A text whatever it looks like, a text or a number or boolean, or YAML. */
type Kind = "text" | "scalar" | "yaml";

interface Place {
  readonly path: readonly string[];
  readonly kind: Kind;
}

/** Walks through the schema. @throws config-invalid, for a key that it does not have */
function findPlace(steps: readonly string[], option: string): Place {
  let here = unwrap(configSchema);
  for (const [index, step] of steps.entries()) {
    const path = steps.slice(0, index);
    const rest = steps.slice(index);
    if (here instanceof z.ZodObject) {
      if (!Object.hasOwn(here.shape, step)) throw unknownKey(path, step, { known: Object.keys(here.shape), option });
      here = unwrap(here.shape[step]);
    } else if (here instanceof z.ZodRecord) {
      const inner = unwrap(here.valueType);
      // A label's key has dots of its own; below a table of free keys dots go deeper.
      if (!(inner instanceof z.ZodObject))
        return { path: inner instanceof z.ZodUnknown ? steps : [...path, rest.join(".")], kind: kindOf(inner) };
      here = inner;
    } else throw notATable(path, step, { isList: here instanceof z.ZodArray, option });
  }
  return { path: steps, kind: kindOf(here) };
}

function unknownKey(
  path: readonly string[],
  step: string,
  { known, option }: { readonly known: readonly string[]; readonly option: string },
): SatelliteError {
  const nearest = findNearest(step, known);
  const hint =
    nearest === undefined ? `Known keys here: ${known.join(", ")}.` : `Did you mean ${[...path, nearest].join(".")}?`;
  return new SatelliteError("config-invalid", `${option}: unknown key ${[...path, step].join(".")}`, { hint });
}

function notATable(
  path: readonly string[],
  step: string,
  { isList, option }: { readonly isList: boolean; readonly option: string },
): SatelliteError {
  const name = path.join(".");
  const hint = isList
    ? `Give the whole list as YAML: --set '${name}=[…]'.`
    : `Give the value itself: --set ${name}=VALUE.`;
  return new SatelliteError("config-invalid", `${option}: ${name} has no key ${step}`, { hint });
}

/** Texts are taken as they are: a version 1.30 is no number, a label true no boolean. */
function kindOf(schema: unknown): Kind {
  const { type } = (schema as z.ZodType).def;
  if (type === "string" || type === "enum" || type === "literal") return "text";
  if (!(schema instanceof z.ZodUnion)) return "yaml";
  const kinds = schema.options.map((option) => kindOf(unwrap(option)));
  return kinds.every((kind) => kind === "text") ? "text" : kinds.includes("text") ? "scalar" : "yaml";
}

/** @throws config-invalid */
function readValue(text: string, kind: Kind, option: string): unknown {
  if (kind === "text") return text;
  if (kind === "yaml") return parseValue(text, option);
  return /^(?:true|false|-?\d{1,15}(?:\.\d{1,15})?)$/.test(text) ? JSON.parse(text) : text;
}

/** Numbers, booleans, lists and tables, as YAML has them. @throws config-invalid */
function parseValue(text: string, option: string): unknown {
  try {
    const { document } = parseYaml(text, "the value");
    refuseComments(document);
    return document.toJS() ?? "";
  } catch (cause) {
    throw new SatelliteError("config-invalid", `${option}: the value is not YAML: ${describe(cause).message}`, {
      hint: "Numbers, true and false as they are; lists and tables as [a, b] and {key: value}; a text with : or # in quotes.",
    });
  }
}

/** What follows a # would be lost without a word. */
function refuseComments(document: Document): void {
  let hasComment = Boolean(document.comment || document.commentBefore);
  visit(document, {
    Node(_key, { comment, commentBefore }) {
      hasComment ||= Boolean(comment || commentBefore);
    },
  });
  if (hasComment) throw new Error("it has a comment: a text with # needs quotes around it");
}

/** Puts settings into one table; a later one wins. */
export function toTable(settings: readonly Setting[]): Record<string, unknown> {
  const table = emptyTable();
  for (const { path, value } of settings) {
    let here = table;
    for (const step of path.slice(0, -1)) {
      const below = Object.hasOwn(here, step) ? here[step] : undefined;
      const next = isTable(below) ? below : emptyTable();
      here[step] = next;
      here = next;
    }
    here[path.at(-1) ?? ""] = value;
  }
  return table;
}

/** Without a prototype: a key `__proto__` is a key like others. */
function emptyTable(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
