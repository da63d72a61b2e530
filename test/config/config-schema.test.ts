// config.schema.json and the zod schema say the same of a file, in the eyes of a validator that neither of them knows.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { parseConfig } from "../../agent/config/load.ts";
import { type JsonSchema, renderConfigSchema } from "../../scripts/render-config-schema.ts";
import { MINIMAL_CONFIG } from "../fakes/samples.ts";
import { compileSchema, type Validate } from "./ajv.ts";

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const document = JSON.parse(renderConfigSchema()) as JsonSchema;

let validate: Validate;
before(async () => {
  validate = await compileSchema(document);
});

/** What a function decides and no pattern can: the time zones of this machine, what a URL is, and names of a region's Fargate nodes. */
const BEYOND =
  /time zone|as a duration|expected number|Invalid URL|user or a password|IPv4 (?:address|network)|have a port|two with one|fargate-ip|is in a name space|name, or change the host name/;

/** Undefined when zod takes the value, else what it says. */
function refusal(value: unknown): string | undefined {
  try {
    parseConfig(JSON.stringify(value), "config.yaml", "gpu-1");
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** @returns whether both took it */
function assertAgreement(value: unknown): boolean {
  const reason = refusal(value);
  const isValid = validate(value);
  const shown = JSON.stringify(value);
  if (reason === undefined) assert.ok(isValid, `only JSON Schema refuses ${shown}: ${JSON.stringify(validate.errors)}`);
  else assert.ok(!isValid || BEYOND.test(reason), `only zod refuses ${shown}: ${reason}`);
  return reason === undefined && isValid;
}

test("config.schema.json is what the schema renders (node scripts/render-example.ts writes it anew)", () => {
  assert.equal(read("config.schema.json"), renderConfigSchema());
});

test("the example and the least configuration are valid by it", () => {
  for (const text of [read("config.example.yaml"), MINIMAL_CONFIG]) assert.ok(assertAgreement(parse(text)));
});

test("every key has its description there, so that an editor shows it", () => {
  const bare: string[] = [];
  const visit = (schema: JsonSchema, path: string) => {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      if (typeof property.description !== "string") bare.push(`${path}${name}`);
      visit(property, `${path}${name}.`);
    }
    if (schema.items !== undefined) visit(schema.items, `${path}[].`);
  };
  visit(document, "");
  assert.deepEqual(bare, []);
});

const REFUSED: Readonly<Record<string, object>> = {
  "a misspelt key": { clustr: {} },
  "a region of none": { cluster: { name: "demo", region: "us-esat-1" } },
  "two sources of credentials": { credentials: { keysFile: "/a", profile: {} } },
  "a path with ..": { stateFolder: "/data/../eks-satellite" },
  "a folder that is not ours": { stateFolder: "/srv" },
  "fargate without an interface": { node: { identity: "fargate", name: "fargate-ip-10-0-2-27.ec2.internal" } },
  "an interface without fargate": { node: { eni: "eni-0123456789abcdef0" } },
  "a static tunnel without gateways": { network: { tunnel: { mode: "static", address: "10.0.0.1" } } },
  "a gateway's key with mode auto": { network: { tunnel: { vpcCidrs: ["10.0.0.0/16"] } } },
  "kubelet's configuration that is ours": { kubelet: { config: { clusterDNS: ["10.0.0.10"] } } },
  "a flag that is ours": { kubelet: { flags: { "node-ip": "10.0.0.1" } } },
  "an address for all without allowRemote": { health: { address: "0.0.0.0" } },
  "half of a client certificate": {
    containerd: { registries: { "docker.io": { mirrors: [{ url: "https://m.example", clientKey: "/k" }] } } },
  },
  "null in a list": { node: { taints: [{ key: "a", effect: "NoExecute", value: null }] } },
};

for (const [what, change] of Object.entries(REFUSED))
  test(`both refuse ${what}`, () => {
    const value = { ...parse(MINIMAL_CONFIG), ...change };
    assert.equal(assertAgreement(value), false);
    assert.equal(validate(value), false);
  });

test("both take keys whose content is commented out, and each kind of what they may hold", () => {
  for (const change of [
    {
      node: null,
      kubelet: { config: null, flags: { v: 4, "feature-gates": null } },
      intervals: { tokenSeconds: null },
    },
    { health: { address: "0.0.0.0", allowRemote: true } },
    { health: { address: "::1" } },
    { stateFolder: "/data/eks-satellite/" },
    { network: { tunnel: { mtu: "auto" } } },
  ])
    assert.ok(assertAgreement({ ...parse(MINIMAL_CONFIG), ...change }), JSON.stringify(change));
});

/** Values of a key: as its schema says, near to it, and of another kind. */
function valuesOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { properties, items, additionalProperties, enum: values, anyOf, default: preset } = schema;
  const some: fc.Arbitrary<unknown>[] = [
    fc.constantFrom(null, true, false, 0, 7, 100, "x", "/x", "5m", "20s", "10.0.0.1", [], {}),
  ];
  if (preset !== undefined) some.push(fc.constant(preset));
  if (values !== undefined) some.push(fc.constantFrom(...values));
  for (const each of anyOf ?? []) some.push(valuesOf(each));
  if (typeof schema.minimum === "number")
    some.push(fc.integer({ min: schema.minimum - 1, max: Number(schema.maximum) + 1 }));
  if (properties !== undefined) some.push(objectOf(properties), objectOf(properties));
  if (items !== undefined) some.push(fc.array(valuesOf(items), { maxLength: 2 }));
  const named = [...Object.values(schema.patternProperties ?? {}), additionalProperties];
  for (const each of named)
    if (typeof each === "object")
      some.push(fc.dictionary(fc.constantFrom("docker.io", "feature-gates", "v", "94", "a b"), valuesOf(each)));
  return fc.oneof(...some);
}

function objectOf(properties: Readonly<Record<string, JsonSchema>>): fc.Arbitrary<unknown> {
  const keys = Object.entries(properties).map(([name, schema]) => [name, valuesOf(schema)] as const);
  return fc.record(Object.fromEntries(keys), { requiredKeys: [] });
}

test("a key without a value is absent, whatever its name is", () => {
  const minimal = parse(MINIMAL_CONFIG) as object;
  for (const changes of [
    { gpu: { xids: { "docker.io": null, "94": "ignore" } } },
    { node: { labels: { "a b": null } } },
    { kubelet: { flags: { "A b": null } } },
    { containerd: { registries: { "a b": null } } },
  ])
    assert.equal(assertAgreement({ ...minimal, ...changes }), true, JSON.stringify(changes));
  assert.equal(assertAgreement({ ...minimal, gpu: { xids: { "docker.io": "ignore" } } }), false);
});

test("the two agree on generated configurations", () => {
  const keys = Object.entries(document.properties ?? {}).map(([name, schema]) => ({ name, values: valuesOf(schema) }));
  const minimal = parse(MINIMAL_CONFIG) as object;
  const oneKey = fc
    .constantFrom(...keys)
    .chain(({ name, values }) => values.map((value) => ({ ...minimal, [name]: value })));
  let valid = 0;
  fc.assert(
    fc.property(
      fc.oneof({ weight: 4, arbitrary: oneKey }, { weight: 1, arbitrary: objectOf(document.properties ?? {}) }),
      (value) => {
        if (assertAgreement(value)) valid += 1;
      },
    ),
    { numRuns: 1000 },
  );
  assert.ok(valid > 60, `only ${valid} of them were valid`);
});
