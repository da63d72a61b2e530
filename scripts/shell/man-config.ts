// The manual page of config.yaml, section 5, from the zod schema.
import * as z from "zod";
import { DOCUMENTATION_URL } from "../../agent/commands/help/help.ts";
import { configSchema } from "../../agent/config/schema.ts";
import { typeOf, unwrap } from "../docs/schema.ts";
import { asText, type Edition, renderPage, renderTitle, tagged, text } from "./man.ts";

/** Renders the page. */
export function renderConfigManual(edition: Edition): string {
  return renderPage([
    renderTitle("eks-satellite-config", 5, edition),
    ".SH NAME",
    "eks-satellite-config \\- configuration of eks-satellite(8)",
    ".SH SYNOPSIS",
    ".I /etc/eks-satellite/config.yaml",
    ".SH DESCRIPTION",
    "YAML. Required are cluster.name, cluster.region and one source of credentials; an unknown key is an error.",
    "The daemon reads it again when it changes, and keeps the last good one in force while it is not valid.",
    ".PP",
    "In a key, [] stands for each item of a list, and NAME for a name that you choose.",
    ...Object.entries(configSchema.shape).flatMap(([key, schema]) => renderSection(key, schema)),
    ".SH FILES",
    ...tagged(".I /usr/share/doc/eks\\-satellite/config.example.yaml", "every key with its default"),
    ...tagged(".I /usr/share/doc/eks\\-satellite/config.schema.json", "the same as JSON Schema, for editors"),
    ".SH SEE ALSO",
    ".BR eks\\-satellite (8),",
    ".BR eks\\-satellite\\-configure (8)",
    ".PP",
    text(`${DOCUMENTATION_URL}/reference/configuration.md`),
  ]);
}

function renderSection(key: string, schema: z.core.$ZodType): readonly string[] {
  const { inner } = unwrap(schema);
  const description = (schema as z.ZodType).description ?? "";
  if (!(inner instanceof z.ZodObject)) return [`.SH ${asText(key.toUpperCase())}`, ...renderKey(key, schema)];
  const keys = Object.entries(inner.shape).flatMap(([name, child]) => renderKey(`${key}.${name}`, child));
  return [`.SH ${asText(key.toUpperCase())}`, text(description), ...keys];
}

/** A key, or those below it. */
function renderKey(path: string, schema: z.core.$ZodType): readonly string[] {
  const { inner, isOptional, defaultValue } = unwrap(schema);
  if (inner instanceof z.ZodObject)
    return Object.entries(inner.shape).flatMap(([name, child]) => renderKey(`${path}.${name}`, child));
  const preset = defaultValue === undefined ? (isOptional ? "" : ", required") : `, default ${show(defaultValue)}`;
  const own = tagged(
    `.BR ${asText(path)} " (${asText(typeOf(schema).replaceAll("`", ""))}${asText(preset)})"`,
    (schema as z.ZodType).description ?? "",
  );
  if (inner instanceof z.ZodArray && inner.element instanceof z.ZodObject)
    return [...own, ...below(`${path}[]`, inner.element)];
  if (inner instanceof z.ZodRecord && inner.valueType instanceof z.ZodObject)
    return [...own, ...below(`${path}.NAME`, inner.valueType)];
  return own;
}

function below(path: string, { shape }: z.ZodObject): readonly string[] {
  return Object.entries(shape).flatMap(([name, child]) => renderKey(`${path}.${name}`, child));
}

function show(value: unknown): string {
  if (typeof value === "object" && value !== null && Object.keys(value).length === 0) return "none";
  return value === "" ? "empty" : String(value);
}
