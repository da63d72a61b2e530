// config.schema.json, the JSON Schema of the configuration for editors, from the zod schema. render-example.ts writes the file again.
import * as z from "zod";
import { OWNED_KUBELET_FLAGS, OWNED_KUBELET_KEYS } from "../agent/config/kubelet-schema.ts";
import { PARTITIONS } from "../agent/config/partitions.ts";
import { configSchema } from "../agent/config/schema.ts";

/** A JSON Schema, or a part of one. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
}

const NO_PARENT = "(?!(?:[\\s\\S]*/)?\\.\\.(?:/|$))";
const ABSOLUTE_PATH = `^${NO_PARENT}/`;
/** A slash, or `/.`, at its end is taken out. */
const OWN_FOLDER = `^${NO_PARENT}/(?:[\\s\\S]*/)?eks-satellite[^/]*(?:/\\.?)*$`;
const REGION = `^(?:${PARTITIONS.flatMap(({ prefixes }) => prefixes).join("|")})-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-\\d{1,2}$`;
const LABEL_KEY = "^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$";

const ABSENT: JsonSchema = { type: "null" };
const isGiven = (key: string): JsonSchema => ({ required: [key], properties: { [key]: { not: ABSENT } } });
const areGiven = (...keys: readonly string[]): JsonSchema => ({ allOf: keys.map(isGiven) });
const areAbsent = (...keys: readonly string[]): JsonSchema => ({
  properties: Object.fromEntries(keys.map((key) => [key, ABSENT])),
});
const areOurs = (keys: readonly string[]): JsonSchema => {
  const ours = { ...ABSENT, description: "eks-satellite computes this itself.", doNotSuggest: true };
  return { properties: Object.fromEntries(keys.map((key) => [key, ours])) };
};
const isValue = (key: string, value: unknown): JsonSchema => ({
  required: [key],
  properties: { [key]: { const: value } },
});

/** What the schema says by functions, which have no counterpart in JSON Schema, by path; `[]` is an item of a list. */
const REFINEMENTS: Readonly<Record<string, JsonSchema>> = {
  "cluster.region": { pattern: REGION },
  stateFolder: { pattern: OWN_FOLDER },
  runFolder: { pattern: OWN_FOLDER },
  node: {
    if: isValue("identity", "fargate"),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: areGiven("eni", "name"),
    else: { properties: { eni: ABSENT, name: { not: { pattern: "^(i-|fargate-)" } } } },
  },
  "node.labels": { propertyNames: { pattern: LABEL_KEY } },
  "node.taints[].key": { pattern: LABEL_KEY },
  credentials: { oneOf: ["keysFile", "profile", "process", "rolesAnywhere"].map(isGiven) },
  "kubelet.config": areOurs(OWNED_KUBELET_KEYS),
  "kubelet.flags": areOurs(OWNED_KUBELET_FLAGS),
  "containerd.registries.*.mirrors[]": {
    dependencies: { clientCertificate: ["clientKey"], clientKey: ["clientCertificate"] },
  },
  "network.tunnel": {
    if: isValue("mode", "static"),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: areGiven("address", "gateways", "vpcCidrs"),
    else: areAbsent("address", "gateways", "vpcCidrs", "pods", "serviceCidr"),
  },
  health: {
    if: isValue("allowRemote", true),
    else: { properties: { address: { pattern: "^127\\.|^[0:]+1$|^(?:[0:]+):[fF]{4}:127\\." } } },
  },
};

/** Renders the JSON Schema document. Draft 7 is what every editor reads. */
export function renderConfigSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: "input", target: "draft-7" });
  const document = {
    $schema,
    title: "Configuration of eks-satellite",
    ...forFile(schema as JsonSchema, { path: "", isInList: false, isOptional: false }),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

interface Position {
  readonly path: string;
  readonly isInList: boolean;
  /** Whether the key may be left out. */
  readonly isOptional: boolean;
}

/** The schema of a value as the file has it: a key whose whole content is commented out is null in YAML, and counts as absent. */
function forFile(schema: JsonSchema, position: Position): JsonSchema {
  const { path, isInList, isOptional } = position;
  const below = (name: string, more: Partial<Position> = {}): Position => ({
    path: path === "" ? name : `${path}.${name}`,
    isInList,
    isOptional: !isInList,
    ...more,
  });
  const { properties, required = [], items, additionalProperties } = schema;
  const parts = {
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, property]) => [
              name,
              forFile(property, below(name, { isOptional: !isInList && !required.includes(name) })),
            ]),
          ),
        }),
    ...(items === undefined ? {} : { items: forFile(items, { path: `${path}[]`, isInList: true, isOptional: false }) }),
    ...(typeof additionalProperties === "object"
      ? { additionalProperties: forFile(additionalProperties, below("*")) }
      : {}),
  };
  const pattern = schema.pattern === "^\\/" ? { pattern: ABSOLUTE_PATH } : {};
  const own = { ...schema, ...parts, ...pattern };
  const refined = nameOnlyWhatIsGiven(merge(own, REFINEMENTS[path] ?? {}));
  return isOptional ? orNull(refined) : refined;
}

/** A key without a value counts as absent, whatever its name is. */
function nameOnlyWhatIsGiven(schema: JsonSchema): JsonSchema {
  const { propertyNames, additionalProperties, ...rest } = schema;
  const { pattern, type: _, ...others } = propertyNames ?? {};
  const isNullable = typeof additionalProperties === "object" && [additionalProperties.type].flat().includes("null");
  if (typeof pattern !== "string" || Object.keys(others).length > 0 || !isNullable) return schema;
  return { ...rest, patternProperties: { [pattern]: additionalProperties }, additionalProperties: ABSENT };
}

/** A schema with properties of its own is kept whole, beside what is added. */
function merge(own: JsonSchema, added: JsonSchema): JsonSchema {
  return own.properties !== undefined && added.properties !== undefined
    ? { ...own, allOf: [added] }
    : { ...own, ...added };
}

/** What is said of an object's keys or of a text does not concern null. */
function orNull(schema: JsonSchema): JsonSchema {
  const { type, anyOf, enum: values } = schema;
  if (anyOf !== undefined) return { ...schema, anyOf: [...anyOf, ABSENT] };
  if (type === undefined) return schema;
  return { ...schema, type: [type, "null"].flat(), ...(values === undefined ? {} : { enum: [...values, null] }) };
}
