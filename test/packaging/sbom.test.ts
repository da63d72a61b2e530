import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { VERSION } from "../../agent/version.ts";
import type { Component } from "../../scripts/release/components.ts";
import { renderSbom } from "../../scripts/release/sbom.ts";
import { type Bom, bomSchema } from "./cyclonedx.ts";
import { makeValidator } from "./cyclonedx-validator.ts";
import { SAMPLE_NODE, TOP, takeSampleRelease, unpackTarball } from "./sample-release.ts";

const NAME = `eks-satellite-${VERSION}-linux-amd64`;

let output: string;
let text: string;
let bom: Bom;
let unpacked: string;
before(async () => {
  output = await takeSampleRelease();
  text = readFileSync(join(output, `${NAME}.cdx.json`), "utf8");
  bom = bomSchema.parse(JSON.parse(text));
  unpacked = await unpackTarball(output, NAME);
});

/** Packages whose files the source maps name, as `name@version`: another account of the bundle than the one it was made from. */
function packagesOfSourceMaps(): readonly string[] {
  const folder = join(unpacked, "opt/eks-satellite/lib");
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith(".map"))
    .flatMap((name) => (JSON.parse(readFileSync(join(folder, name), "utf8")) as { sources: string[] }).sources);
  const folders = new Set(
    sources.flatMap((path) => /^\.\.\/(.*node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
  );
  const packages = [...folders].map((path) => {
    const { name, version } = JSON.parse(readFileSync(join(TOP, path, "package.json"), "utf8"));
    return `${name}@${version}`;
  });
  return [...new Set(packages)].toSorted();
}

/** What a document leaves out of the bundle, and what it says of it that is not there. */
function differences({ components }: Bom): {
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
} {
  const listed = components
    .filter(({ type }) => type === "library")
    .map((component) => `${npmName(component)}@${component.version}`);
  const inside = packagesOfSourceMaps();
  return {
    missing: inside.filter((name) => !listed.includes(name)),
    surplus: listed.filter((name) => !inside.includes(name)),
  };
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
  assert.ok(packagesOfSourceMaps().length > 50);
  assert.deepEqual(differences(bom), { missing: [], surplus: [] });
  const others = bom.components.filter(({ type }) => type !== "library").map(({ name }) => name);
  assert.deepEqual(others, ["node"]);
});

test("a document that leaves out one package of the bundle, or has another version of it, would be noticed", () => {
  const zod = bom.components.find(({ name }) => name === "zod") ?? assert.fail("zod is inside");
  const others = bom.components.filter((component) => component !== zod);
  const missing = [`zod@${zod.version}`];
  assert.deepEqual(differences({ ...bom, components: others }), { missing, surplus: [] });
  const old = { ...zod, version: "0.0.1" };
  assert.deepEqual(differences({ ...bom, components: [...others, old] }), { missing, surplus: ["zod@0.0.1"] });
});

test("CycloneDX's own validator takes the document of each architecture", async () => {
  const validator = await makeValidator();
  for (const architecture of ["amd64", "arm64"]) {
    const document = readFileSync(join(output, `eks-satellite-${VERSION}-linux-${architecture}.cdx.json`), "utf8");
    assert.equal(await validator.validate(document), null, architecture);
  }
});

const INVALID: Readonly<Record<string, (document: Bom) => object>> = {
  "an unknown key": (document) => ({ ...document, note: "x" }),
  "no format": ({ bomFormat: _, ...document }) => document,
  "a serial number that is none": (document) => ({ ...document, serialNumber: "urn:uuid:1" }),
  "a licence that SPDX does not know": (document) =>
    withComponent(document, { licenses: [{ license: { id: "MIT-2" } }] }),
  "a kind that is none": (document) => withComponent(document, { type: "package" }),
  "a component without a name": (document) => withComponent(document, { name: undefined }),
  "a sum of the wrong length": (document) => withComponent(document, { hashes: [{ alg: "SHA-256", content: "ab" }] }),
  "one component twice": (document) => ({ ...document, components: [...document.components, document.components[0]] }),
  "a time that is none": (document) => ({ ...document, metadata: { ...document.metadata, timestamp: "yesterday" } }),
};
for (const [what, change] of Object.entries(INVALID))
  test(`it refuses ${what}`, async () => {
    const document = JSON.stringify(change(bom));
    assert.notEqual(await (await makeValidator()).validate(document), null);
  });

function withComponent({ components: [first, ...rest], ...document }: Bom, changes: object): object {
  return { ...document, components: [{ ...first, ...changes }, ...rest] };
}

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
