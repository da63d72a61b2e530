import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { VERSION } from "../../agent/version.ts";
import type { Component } from "../../scripts/release/components.ts";
import { renderSbom } from "../../scripts/release/sbom.ts";
import { type Bom, bomSchema } from "./cyclonedx.ts";
import { makeSampleRelease, SAMPLE_NODE, TOP, unpackTarball } from "./sample-release.ts";

const NAME = `eks-satellite-${VERSION}-linux-amd64`;

let text: string;
let bom: Bom;
let unpacked: string;
before(async () => {
  const output = await makeSampleRelease();
  text = readFileSync(join(output, `${NAME}.cdx.json`), "utf8");
  bom = bomSchema.parse(JSON.parse(text));
  unpacked = await unpackTarball(output, NAME);
});

/** Names of the packages whose files the source maps name: another account of the bundle than the one it was made from. */
function packagesOfSourceMaps(): string[] {
  const sources = ["eks-satellite", "eks-satellite-kubernetes"].flatMap((name) => {
    const map = readFileSync(join(unpacked, `opt/eks-satellite/lib/${name}.mjs.map`), "utf8");
    return (JSON.parse(map) as { sources: string[] }).sources;
  });
  const names = sources.flatMap((path) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return [...new Set(names)].toSorted();
}

function npmName({ group, name }: Bom["components"][number]): string {
  return group === undefined ? name : `${group}/${name}`;
}

test("the document beside the packages is the one inside them", () => {
  assert.equal(readFileSync(join(unpacked, "usr/share/doc/eks-satellite/sbom.cdx.json"), "utf8"), text);
});

test("its components are the packages in the bundle, and Node", () => {
  const libraries = bom.components.filter(({ type }) => type === "library").map(npmName);
  assert.ok(libraries.includes("@aws-sdk/client-sts") && libraries.includes("zod"));
  assert.ok(libraries.includes("@kubernetes/client-node") && libraries.includes("undici"));
  assert.ok(!libraries.includes("typescript"), "what only builds is not inside");
  assert.deepEqual(libraries.toSorted(), packagesOfSourceMaps());
  const others = bom.components.filter(({ type }) => type !== "library").map(({ name }) => name);
  assert.deepEqual(others, ["node"]);
});

test("each package has the version and the licence that are installed, and a purl of them", () => {
  for (const component of bom.components.filter(({ type }) => type === "library")) {
    const name = npmName(component);
    const manifest = JSON.parse(readFileSync(join(TOP, "node_modules", name, "package.json"), "utf8"));
    assert.equal(component.version, manifest.version, name);
    assert.deepEqual(component.licenses, [{ license: { id: manifest.license } }], name);
    assert.equal(component.purl, `pkg:npm/${name.replace("@", "%40")}@${manifest.version}`);
  }
});

test("Node is named with its version and the sum of the program that is shipped", () => {
  const node = bom.components.find(({ name }) => name === "node");
  const sum = createHash("sha256").update(SAMPLE_NODE).digest("hex");
  assert.equal(node?.version, "24.0.1");
  assert.deepEqual(node?.hashes, [{ alg: "SHA-256", content: sum }]);
  assert.equal(node?.purl, "pkg:generic/node@24.0.1?arch=amd64");
});

test("references are unique, and every dependency is one of them", () => {
  const refs = [bom.metadata.component, ...bom.components].map((component) => component["bom-ref"]);
  assert.equal(new Set(refs).size, refs.length);
  assert.deepEqual(bom.dependencies.map(({ ref }) => ref).toSorted(), refs.toSorted());
  for (const { ref, dependsOn } of bom.dependencies) {
    assert.deepEqual(
      dependsOn.filter((target) => !refs.includes(target)),
      [],
      ref,
    );
  }
});

test("the program depends on what it imports itself, and through that on everything", () => {
  const graph = new Map(bom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const own = bom.metadata.component["bom-ref"];
  assert.ok(graph.get(own)?.some((ref) => ref.startsWith("pkg:npm/zod@")));
  assert.ok(!graph.get(own)?.some((ref) => ref.startsWith("pkg:npm/sonic-boom@")), "pino's dependency, not ours");
  const reached = new Set([own]);
  for (const ref of reached) for (const target of graph.get(ref) ?? []) reached.add(target);
  assert.deepEqual(
    bom.components.map((component) => component["bom-ref"]).filter((ref) => !reached.has(ref)),
    [],
  );
});

test("a version that lies in two folders is one component, with what both import", () => {
  const library = (folder: string, name: string, imports: string[]): Component => ({
    name,
    version: "1.0.0",
    licence: "(MIT OR Apache-2.0)",
    licenceTexts: [],
    folder,
    imports,
  });
  const all = [
    library("a", "twice", ["c"]),
    library("b", "twice", ["d"]),
    library("c", "c", []),
    library("d", "@e/d", ["a", "b"]),
  ];
  const components = { all, direct: ["a", "b"] };
  const node = { version: "24.0.1", sha256: "0".repeat(64) };
  const sources = { version: "1.0.0", description: "x", architecture: "arm64", components, node, timeSeconds: 0 };
  const { components: listed, dependencies, metadata } = bomSchema.parse(JSON.parse(renderSbom(sources)));
  assert.deepEqual(listed.map(npmName), ["twice", "c", "@e/d", "node"]);
  assert.deepEqual(listed[0]?.licenses, [{ expression: "(MIT OR Apache-2.0)" }]);
  assert.equal(metadata.timestamp, "1970-01-01T00:00:00.000Z");
  const graph = Object.fromEntries(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  assert.deepEqual(graph["pkg:npm/twice@1.0.0"], ["pkg:npm/c@1.0.0", "pkg:npm/%40e/d@1.0.0"]);
  assert.deepEqual(graph["pkg:npm/%40e/d@1.0.0"], ["pkg:npm/twice@1.0.0"]);
});
