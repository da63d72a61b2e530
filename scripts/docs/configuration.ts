// docs/reference/configuration.md and gateway.md, from the zod schemas of the two configurations.
import * as z from "zod";
import type { Family } from "../../agent/board/metric-family.ts";
import { DEFAULT_CONFIG_PATH } from "../../agent/config/load.ts";
import { configSchema } from "../../agent/config/schema.ts";
import { gatewayFamilies } from "../../agent/gateway/gateway-metrics.ts";
import { gatewaySchema } from "../../agent/gateway/gateway-schema.ts";
import { standbyFamilies } from "../../agent/gateway/lease/standby-metrics.ts";
import { GATEWAY_CONFIG_PATH, GATEWAY_HEALTH_PORT } from "../../agent/tunnel/names.ts";
import { code, prose, renderPage, section, table } from "./markdown.ts";
import { typeOf, unwrap } from "./schema.ts";

/** Renders the page. */
export function renderConfiguration(): string {
  return renderPage({
    title: "Configuration",
    from: "agent/config/*-schema.ts",
    intro: `The keys of ${code(DEFAULT_CONFIG_PATH)}. Required are \`cluster.name\`, \`cluster.region\` and one source of credentials; an unknown key is an error. [config.example.yaml](../../config.example.yaml) is the same as a file. [config.schema.json](../../config.schema.json), which the packages put beside it, is the same for editors: a file that \`eks-satellite configure\` made names it in its first line, by which those with yaml-language-server complete its keys and mark mistakes.`,
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
    sections: [
      "In a key, `[]` stands for each item of a list.",
      ...keySections(gatewaySchema),
      section(
        "HTTP",
        `On TCP ${GATEWAY_HEALTH_PORT} of its address in the VPC. Who asks from another network gets no answer.`,
        table(
          ["path", "answers", "to"],
          [
            [
              code("/healthz"),
              "what the gateway reaches: the asker's kubelet, the API server's addresses; and what it sees missing in AWS. JSON",
              "satellites, the VPC",
            ],
            [code("/livez"), "200 while every loop's rounds succeed, 503 with those that do not", "the VPC"],
            [code("/metrics"), "the metrics below in Prometheus' text format", "the VPC"],
          ],
        ),
      ),
      section("Metrics", table(["metric", "type", "meaning"], metricRows())),
      section(
        "Files",
        table(
          ["path", "what"],
          [
            [
              code("/var/lib/eks-satellite-gateway/wireguard.key"),
              "the private key, made on the instance; it never leaves it. Remove it and restart: another one is made and published",
            ],
            [
              code("/var/lib/eks-satellite-gateway/last-good.json"),
              "what the cluster said last, for a start while the API server is away",
            ],
            [
              code("/var/lib/eks-satellite-gateway/endpoints.json"),
              "where satellites were last: a gateway that starts anew shakes hands with them there",
            ],
            [code("/var/lib/eks-satellite-gateway/cluster.json"), "the last answer of DescribeCluster"],
          ],
        ),
      ),
    ],
  });
}

/** The metrics of a gateway, without samples. */
export function listGatewayMetrics(): readonly Family[] {
  const read = () => {
    throw new Error("no sample is read");
  };
  return [...gatewayFamilies(read), ...standbyFamilies(read)];
}

function metricRows(): readonly Row[] {
  return listGatewayMetrics().map(({ name, type, help }) => [
    code(name.includes("_peer_") ? `${name}{node}` : name),
    type,
    prose(help),
  ]);
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
