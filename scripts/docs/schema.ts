// A zod schema as text: what is within its wrappers, and the type of a value in a reader's words.
import * as z from "zod";
import { codes } from "./markdown.ts";

export interface Unwrapped {
  readonly inner: z.core.$ZodType;
  readonly isOptional: boolean;
  readonly defaultValue: unknown;
}

/** Takes a schema out of optional, default and prefault. */
export function unwrap(schema: z.core.$ZodType): Unwrapped {
  if (schema instanceof z.ZodOptional) return { ...unwrap(schema.unwrap()), isOptional: true };
  if (schema instanceof z.ZodPrefault) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodDefault) return { ...unwrap(schema.unwrap()), defaultValue: schema.def.defaultValue };
  return { inner: schema, isOptional: false, defaultValue: undefined };
}

/** Names the type of a value, in Markdown. @throws Error for a kind of schema that has no words here */
export function typeOf(schema: z.core.$ZodType): string {
  const { inner } = unwrap(schema);
  if (inner instanceof z.ZodEnum) return codes(inner.options.map(String));
  if (inner instanceof z.ZodBoolean) return "boolean";
  if (inner instanceof z.ZodNumber) return `integer${rangeOf(inner)}`;
  if (inner instanceof z.ZodString && inner.meta()?.title === "duration") return "duration such as `5m`";
  if (inner instanceof z.ZodURL) return "URL";
  if (inner instanceof z.ZodString || inner instanceof z.ZodIPv4 || inner instanceof z.ZodIPv6) return "string";
  if (inner instanceof z.ZodUnion) return [...new Set(inner.options.map(typeOf))].join(" or ");
  if (inner instanceof z.ZodArray) return `list of ${plural(typeOf(inner.element))}`;
  if (inner instanceof z.ZodRecord) return "map";
  if (inner instanceof z.ZodObject) return "map";
  if (inner instanceof z.ZodPipe) return typeOf(inner.in);
  if (inner instanceof z.ZodUnknown || inner instanceof z.ZodAny) return "any";
  throw new Error(`scripts/docs/schema.ts has no words for ${inner.constructor.name}`);
}

function rangeOf({ minValue, maxValue }: z.ZodNumber): string {
  const isBounded = (value: number | null) => value !== null && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  if (isBounded(minValue) && isBounded(maxValue)) return `, ${minValue} to ${maxValue}`;
  return isBounded(minValue) ? `, from ${minValue}` : "";
}

function plural(type: string): string {
  return /^(string|map|URL)$/.test(type) ? `${type}s` : type;
}
