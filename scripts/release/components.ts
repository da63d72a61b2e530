// What is really in the bundle: the npm packages whose code esbuild kept, and which of them imports which.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { SatelliteError } from "../../agent/errors.ts";

/** One npm package in the bundle. */
export interface Component {
  /** E.g. `@aws-sdk/core`. */
  readonly name: string;
  readonly version: string;
  /** An SPDX id, or an expression of several. */
  readonly licence: string;
  /** Contents of its licence and notice files; empty when it ships none. */
  readonly licenceTexts: readonly string[];
  /** Folder relative to the repository's top: distinguishes two versions of one package. */
  readonly folder: string;
  /** Folders of the components that its code imports, sorted. */
  readonly imports: readonly string[];
}

/** What the bundle is made of. */
export interface Components {
  /** Sorted by name, then by folder. */
  readonly all: readonly Component[];
  /** Folders of those that agent/ itself imports, sorted. */
  readonly direct: readonly string[];
}

const LICENCE_FILE = /^(licen[cs]e|copying|notice)(\b|_)/i;

/**
 * Reads the packages of a bundle, from esbuild's account of it.
 * @throws SatelliteError `component-licence-unknown` when a package.json names no licence
 */
export async function readComponents(top: string, metafile: Metafile): Promise<Components> {
  const kept = new Set(
    Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    ),
  );
  const folders = new Set([...kept].map(packageFolder).filter((folder) => folder !== undefined));
  const imports = new Map<string, Set<string>>();
  for (const path of kept) {
    const importer = packageFolder(path) ?? "";
    const targets = imports.get(importer) ?? new Set();
    for (const { path: imported } of metafile.inputs[path]?.imports ?? []) {
      const folder = packageFolder(imported);
      if (folder !== undefined && folder !== importer && folders.has(folder)) targets.add(folder);
    }
    imports.set(importer, targets);
  }
  const sorted = (folder: string) => [...(imports.get(folder) ?? [])].toSorted();
  const all = await Promise.all(
    [...folders].toSorted().map((folder) => readComponent(top, { folder, imports: sorted(folder) })),
  );
  return { all: all.toSorted((a, b) => compare(a.name, b.name) || compare(a.folder, b.folder)), direct: sorted("") };
}

async function readComponent(top: string, where: Pick<Component, "folder" | "imports">): Promise<Component> {
  const folder = join(top, where.folder);
  const { name, version, license: licence } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  if (typeof licence !== "string" || licence === "" || licence.startsWith("SEE LICEN") || licence === "UNLICENSED") {
    throw new SatelliteError(
      "component-licence-unknown",
      `${where.folder}/package.json has ${JSON.stringify(licence)} as its license`,
      { hint: "Replace the package, or ask its authors to name an SPDX licence." },
    );
  }
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .flatMap((entry) => (entry.isFile() && LICENCE_FILE.test(entry.name) ? [entry.name] : []))
    .toSorted();
  const licenceTexts = await Promise.all(names.map((file) => readFile(join(folder, file), "utf8")));
  return { ...where, name, version, licence, licenceTexts };
}

/** `node_modules/a/node_modules/@b/c/lib/d.js` → `node_modules/a/node_modules/@b/c`. */
function packageFolder(path: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
}

/** By code units: a locale must not change the order. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
