// The software bill of materials, as CycloneDX 1.6: what a scanner needs to know of a package.
import { createHash } from "node:crypto";
import type { Component, Components } from "./components.ts";

/** What the document describes. */
export interface SbomSources {
  readonly version: string;
  readonly description: string;
  readonly architecture: string;
  readonly components: Components;
  readonly node: { readonly version: string; readonly sha256: string };
  /** Seconds since 1970. */
  readonly timeSeconds: number;
}

/**
 * Renders the document as JSON; the same sources give the same bytes, its serial number included.
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function renderSbom(sources: SbomSources): string {
  const document = describeBundle(sources);
  return `${JSON.stringify({ ...document, serialNumber: serialNumber(JSON.stringify(document)) }, undefined, 2)}\n`;
}

function describeBundle({ version, description, architecture, components, node, timeSeconds }: SbomSources) {
  const self = `pkg:generic/eks-satellite@${encodeURIComponent(version)}?arch=${architecture}`;
  const nodePurl = `pkg:generic/node@${node.version}?arch=${architecture}`;
  const refs = new Map(components.all.map((component) => [component.folder, purl(component)]));
  const toRefs = (folders: readonly string[]) => [...new Set(folders.flatMap((folder) => refs.get(folder) ?? []))];
  // npm may install one version in two folders: the document names it once.
  const libraries = Array.from(Map.groupBy(components.all, purl));
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: "",
    version: 1,
    metadata: {
      timestamp: new Date(timeSeconds * 1000).toISOString(),
      lifecycles: [{ phase: "build" }],
      component: {
        type: "application",
        "bom-ref": self,
        name: "eks-satellite",
        version,
        description,
        licenses: licences("Apache-2.0"),
        purl: self,
      },
    },
    components: [
      ...libraries.flatMap(([ref, [component]]) => (component === undefined ? [] : [describeLibrary(ref, component)])),
      {
        type: "application",
        "bom-ref": nodePurl,
        name: "node",
        version: node.version,
        description: "The Node.js runtime that runs the bundle, as published by nodejs.org and packed by npm.",
        hashes: [{ alg: "SHA-256", content: node.sha256 }],
        licenses: licences("MIT"),
        cpe: `cpe:2.3:a:nodejs:node.js:${node.version}:*:*:*:*:*:*:*`,
        purl: nodePurl,
      },
    ],
    dependencies: [
      { ref: self, dependsOn: [...toRefs(components.direct), nodePurl] },
      ...libraries.map(([ref, same]) => ({ ref, dependsOn: toRefs(same.flatMap(({ imports }) => imports)) })),
      { ref: nodePurl, dependsOn: [] },
    ],
  };
}

function describeLibrary(ref: string, { name, version, licence }: Component) {
  return { type: "library", "bom-ref": ref, ...splitName(name), version, licenses: licences(licence), purl: ref };
}

/** @see https://github.com/package-url/purl-spec/blob/main/types-doc/npm-definition.md */
function purl({ name, version }: Component): string {
  return `pkg:npm/${name.replace("@", "%40")}@${encodeURIComponent(version)}`;
}

function splitName(name: string) {
  const [group, rest] = name.split("/");
  return rest === undefined ? { name } : { group, name: rest };
}

function licences(spdx: string) {
  return /^[\w.+-]+$/.test(spdx) ? [{ license: { id: spdx } }] : [{ expression: spdx }];
}

/** A UUID (RFC 9562, version 8) from the content: a random one would make every build differ. */
function serialNumber(content: string): string {
  const hex = createHash("sha256").update(content).digest("hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
