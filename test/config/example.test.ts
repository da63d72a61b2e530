import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { parseConfig } from "../../agent/config/load.ts";
import { configSchema } from "../../agent/config/schema.ts";
import { renderExample } from "../../scripts/render-example.ts";
import { MINIMAL_CONFIG } from "../fakes/samples.ts";

const example = readFileSync(new URL("../../config.example.yaml", import.meta.url), "utf8");

/** Takes the signs away that stand right before a key; the tunnel's keys belong to its mode static. */
const uncommented = example.replaceAll(/^( *)#(?=\S)/gm, "$1").replace("\n    mode: auto\n", "\n    mode: static\n");

test("config.example.yaml is what the schema renders (node scripts/render-example.ts writes it anew)", () => {
  assert.equal(example, renderExample());
});

test("the example is valid as it stands, with every default in force", () => {
  const { cluster, credentials, ...rest } = parseConfig(example, "config.example.yaml", "gpu-1");
  const { cluster: _, credentials: __, ...defaults } = parseConfig(MINIMAL_CONFIG, "config.yaml", "gpu-1");
  assert.deepEqual(rest, defaults);
  assert.equal(cluster.name, "my-cluster");
  assert.equal(credentials.keysFile, "/etc/eks-satellite/aws-keys");
});

test("uncommenting everything but the other credentials sources and the other identity's key is valid too", () => {
  const document = parse(uncommented) as { credentials: Record<string, unknown>; node: Record<string, unknown> };
  const { profile, process, rolesAnywhere, ...credentials } = document.credentials;
  const { eni, ...node } = document.node;
  for (const key of [profile, process, rolesAnywhere, eni]) assert.ok(key, "they are in the example");
  const text = JSON.stringify({ ...document, credentials, node });
  assert.equal(parseConfig(text, "config.yaml", "gpu-1").node.name, "gpu-1");
});

test("uncommenting everything is refused for two sources of credentials and the other identity's key, and nothing else", () => {
  assert.throws(() => parseConfig(uncommented, "config.yaml", "gpu-1"), {
    code: "config-invalid",
    message:
      /^config\.yaml:\d+: node\.eni: belongs to node\.identity fargate; config\.yaml:\d+: credentials: needs exactly one source of keysFile, profile, process, rolesAnywhere; it has keysFile and profile and process and rolesAnywhere$/,
  });
});

test("every key of the schema is in the example", () => {
  const document = parse(uncommented) as Record<string, unknown>;
  assert.deepEqual(Object.keys(document), Object.keys(configSchema.shape));
});
