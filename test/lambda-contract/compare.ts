// How an answer of Lambda Cloud differs from its shape: paths alone, for a value may be a secret.
import * as z from "zod";

export interface Differences {
  /** What the shape does not allow. */
  readonly wrong: readonly string[];
  /** Fields that the shape does not have. */
  readonly unknown: readonly string[];
  /** Optional fields that no object of the answer has. */
  readonly absent: readonly string[];
}

interface Seen {
  readonly unknown: Set<string>;
  /** Fields of the shape, by whether an object had them. */
  readonly fields: Map<string, boolean>;
}

const MAX_WRONG = 20;

/** Compares the `data` of an answer. */
export function compareWithShape(shape: z.ZodType, data: unknown): Differences {
  const seen: Seen = { unknown: new Set(), fields: new Map() };
  walk(shape, data, { path: "data", seen });
  const issues = shape.safeParse(data).error?.issues ?? [];
  const wrong = issues.map(({ path, message }) => `${renderPath(path)}: ${message}`);
  return {
    wrong: [...new Set(wrong)].slice(0, MAX_WRONG),
    unknown: [...seen.unknown].toSorted(),
    absent: [...seen.fields].flatMap(([path, isThere]) => (isThere ? [] : [path])).toSorted(),
  };
}

interface Place {
  readonly path: string;
  readonly seen: Seen;
}

function walk(shape: unknown, value: unknown, place: Place): void {
  if (value === undefined || value === null) return;
  if (shape instanceof z.ZodOptional || shape instanceof z.ZodNullable) walk(shape.unwrap(), value, place);
  else if (shape instanceof z.ZodArray && Array.isArray(value)) {
    for (const each of value) walk(shape.element, each, { ...place, path: `${place.path}[]` });
  } else if (typeof value !== "object" || Array.isArray(value)) return;
  else if (shape instanceof z.ZodRecord) {
    for (const each of Object.values(value)) walk(shape.valueType, each, { ...place, path: `${place.path}.*` });
  } else if (shape instanceof z.ZodObject) walkObject(shape, value, place);
}

function walkObject(shape: z.ZodObject, value: object, { path, seen }: Place): void {
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const key of fields.keys()) if (!Object.hasOwn(shape.shape, key)) seen.unknown.add(`${path}.${key}`);
  for (const [key, inner] of Object.entries(shape.shape)) {
    const isThere = fields.get(key) !== undefined && fields.get(key) !== null;
    const name = `${path}.${key}`;
    seen.fields.set(name, isThere || seen.fields.get(name) === true);
    walk(inner, fields.get(key), { path: name, seen });
  }
}

/** An index is `[]`, so that a hundred elements with one fault are one line. */
function renderPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => text + (typeof part === "number" ? "[]" : `.${String(part)}`), "data");
}
