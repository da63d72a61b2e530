// docs/reference/configuration.md and gateway.md, from the zod schemas of the two configurations.
import * as z from "zod";
import { DEFAULT_CONFIG_PATH } from "../../agent/config/load.ts";
import { configSchema } from "../../agent/config/schema.ts";
import { gatewaySchema } from "../../agent/gateway/gateway-schema.ts";
import { GATEWAY_CONFIG_PATH } from "../../agent/tunnel/names.ts";
import { code, prose, renderPage, section, table } from "./markdown.ts";
import { typeOf, unwrap } from "./schema.ts";

/** Renders the page. */
export function renderConfiguration(): string {
  return renderPage({
    title: "Configuration",
    from: "agent/config/*-schema.ts",
    intro: `The keys of ${code(DEFAULT_CONFIG_PATH)}. Required are \`cluster.name\`, \`cluster.region\` and one source of credentials; an unknown key is an error. [config.example.yaml](../../config.example.yaml) is the same as a file.`,
    sections: [
      "In a key, `[]` stands for each item of a list, and `NAME` for a name that you choose.",
      ...keySections(configSchema),
    ],
  });
}

/** Renders the page of a gateway's configuration. */
export function renderGatewayConfiguration(): string {
  return renderPage({
    title: "Configuration of a gateway",
    from: "agent/gateway/gateway-schema.ts",
    intro: `The keys of ${code(GATEWAY_CONFIG_PATH)}, which \`eks-satellite gateway run\` reads. Required are \`cluster.name\` and \`cluster.region\`; an unknown key is an error. [The gateway](../explanation/gateway.md) says what it is and what it may do.`,
    sections: ["In a key, `[]` stands for each item of a list.", ...keySections(gatewaySchema)],
  });
}

function keySections({ shape }: z.ZodObject): readonly string[] {
  const entries = Object.entries(shape);
  const isSection = (schema: z.core.$ZodType) => unwrap(schema).inner instanceof z.ZodObject;
  const single = entries.filter(([, schema]) => !isSection(schema));
  return [
    ...entries
      .filter(([, schema]) => isSection(schema))
      .map(([key, schema]) => section(code(key), prose(describe(key, schema)), keyTable(rowsOf(key, schema)))),
    section("Other keys", keyTable(single.flatMap(([key, schema]) => rowOf(key, schema)))),
  ];
}

type Row = readonly string[];

function keyTable(rows: readonly Row[]): string {
  return table(["key", "type", "default", "meaning"], rows);
}

/** The keys of a section, however deep. */
function rowsOf(path: string, schema: z.core.$ZodType): readonly Row[] {
  const { inner } = unwrap(schema);
  if (!(inner instanceof z.ZodObject)) return rowOf(path, schema);
  return Object.entries(inner.shape).flatMap(([name, child]) => rowsOf(`${path}.${name}`, child));
}

/** A key, and the keys of its items where these have some. */
function rowOf(path: string, schema: z.core.$ZodType): readonly Row[] {
  const { inner, isOptional, defaultValue } = unwrap(schema);
  const own = [code(path), typeOf(schema), defaultOf(defaultValue, isOptional), prose(describe(path, schema))];
  if (inner instanceof z.ZodArray && inner.element instanceof z.ZodObject)
    return [own, ...rowsOf(`${path}[]`, inner.element)];
  if (inner instanceof z.ZodRecord && inner.valueType instanceof z.ZodObject)
    return [own, ...rowsOf(`${path}.NAME`, inner.valueType)];
  return [own];
}

function defaultOf(value: unknown, isOptional: boolean): string {
  if (value === undefined) return isOptional ? "" : "required";
  const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
  return isEmpty ? "none" : code(typeof value === "string" && value !== "" ? value : JSON.stringify(value));
}

function describe(path: string, schema: z.core.$ZodType): string {
  const { description } = schema as z.ZodType;
  if (description === undefined) throw new Error(`${path} has no description in the schema`);
  return description;
}
