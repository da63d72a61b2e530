import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Metafile } from "esbuild";
import { makeBundle } from "../../scripts/bundle.ts";
import { type Component, readComponents } from "../../scripts/release/components.ts";
import { renderLicences } from "../../scripts/release/licences.ts";
import { scratchFolder, TOP } from "./sample-release.ts";

const NODE = { version: "24.0.1", licence: "Node.js is licensed for use as follows: …\n" };
const SEPARATOR = `\n${"-".repeat(80)}\n\n`;

function component(name: string, licence: string, ...licenceTexts: string[]): Component {
  return { name, version: "1.0.0", licence, licenceTexts, folder: `node_modules/${name}`, imports: [] };
}

function render(components: readonly Component[], legalComments = ""): string {
  return renderLicences({
    components,
    legalComments,
    node: NODE,
    standardTexts: { "Apache-2.0": "Apache License …\n" },
  });
}

/** A repository whose bundle holds code of one package. @returns its folder and esbuild's account */
async function repositoryWith(manifest: object, files: Readonly<Record<string, string>> = {}) {
  const top = await scratchFolder();
  const folder = join(top, "node_modules/@a/b");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "@a/b", version: "1.2.3", ...manifest }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const imports = [{ path: "node_modules/@a/b/x.js", kind: "import-statement" as const }];
  const inputs = { "agent/main.ts": { bytes: 1, imports }, "node_modules/@a/b/x.js": { bytes: 1, imports: [] } };
  const kept = { "agent/main.ts": { bytesInOutput: 1 }, "node_modules/@a/b/x.js": { bytesInOutput: 1 } };
  const output = { bytes: 1, inputs: kept, imports: [], exports: [] };
  const metafile: Metafile = { inputs, outputs: { "dist/x.mjs": output } };
  return { top, metafile };
}

test("the text of every package in the bundle is there, below its name and version, and Node's own", async () => {
  const { metafile, legalComments } = await makeBundle();
  const components = (await readComponents(TOP, metafile)).all;
  assert.ok(components.length > 30);
  const standardTexts = { "Apache-2.0": readFileSync(join(TOP, "LICENSE"), "utf8") };
  const sections = renderLicences({ components, legalComments, node: NODE, standardTexts }).split(SEPARATOR);
  for (const { name, version, licenceTexts } of components) {
    const section = sections.slice(1).find((text) => text.split("\n\n")[0]?.split("\n").includes(`${name} ${version}`));
    assert.ok(section !== undefined, `${name} ${version} has a section`);
    assert.match(section, /permission|license/i, name);
    for (const text of licenceTexts) assert.ok(section.includes(text.replaceAll("\r\n", "\n").trim()), name);
  }
  assert.equal(sections.at(-1), `Node.js 24.0.1\n\n${NODE.licence}`);
  assert.ok(sections.at(-2)?.includes("Copyright (c) Squirrel Chat"), "comments that a licence asks to keep");
});

test("one text is printed once, below all whose it is", () => {
  const text = render([component("a", "MIT", "Do what you like.\r\n"), component("b", "MIT", "Do what you like.")]);
  assert.equal(text.split("Do what you like.").length, 2);
  assert.ok(text.includes("a 1.0.0\nb 1.0.0\n\nDo what you like.\n"));
  assert.ok(text.startsWith("eks-satellite contains:\n\n  a 1.0.0, MIT\n  b 1.0.0, MIT\n  Node.js 24.0.1, "));
});

test("a package without a text gets the standard one of its licence, and the document says so", () => {
  const text = render([component("a", "Apache-2.0")]);
  assert.ok(text.includes("a 1.0.0\n\n(no text in the package, which names Apache-2.0)\n\nApache License …\n"));
});

test("a package without a text whose licence names its author is an error", () => {
  assert.throws(() => render([component("a", "MIT")]), {
    code: "component-licence-missing",
    message: "a 1.0.0 is under MIT, and node_modules/a holds no text of it",
  });
});

test("licence and notice files are read, under the names in use", async () => {
  const files = {
    "license.md": "terms",
    NOTICE: "notice",
    COPYING: "copying",
    "LICENSE-MIT": "mit",
    "x.js": "",
    "licenser.js": "",
  };
  const { top, metafile } = await repositoryWith({ license: "MIT" }, files);
  const { all, direct } = await readComponents(top, metafile);
  assert.deepEqual(all, [
    {
      name: "@a/b",
      version: "1.2.3",
      licence: "MIT",
      folder: "node_modules/@a/b",
      imports: [],
      licenceTexts: ["copying", "mit", "notice", "terms"],
    },
  ]);
  assert.deepEqual(direct, ["node_modules/@a/b"]);
});

test("a package whose code was all left out of the bundle is no component", async () => {
  const { top, metafile } = await repositoryWith({ license: "MIT" });
  const output = metafile.outputs["dist/x.mjs"] ?? assert.fail();
  const inputs = { ...output.inputs, "node_modules/@a/b/x.js": { bytesInOutput: 0 } };
  const { all } = await readComponents(top, { ...metafile, outputs: { "dist/x.mjs": { ...output, inputs } } });
  assert.deepEqual(all, []);
});

test("a package that names no licence is an error, with what it has in its place", async () => {
  for (const license of [undefined, "", "SEE LICENSE IN eula.txt", "UNLICENSED", { type: "MIT" }]) {
    const { top, metafile } = await repositoryWith({ license });
    await assert.rejects(readComponents(top, metafile), {
      code: "component-licence-unknown",
      message: `node_modules/@a/b/package.json has ${JSON.stringify(license)} as its license`,
    });
  }
});
