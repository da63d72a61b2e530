// THIRD-PARTY-LICENSES.txt: every component of the package, and its terms.
import { SatelliteError } from "../../agent/errors.ts";
import type { Component } from "./components.ts";

/** What the document is made from. */
export interface LicenceSources {
  readonly components: readonly Component[];
  /** Comments in the bundled sources that a licence asks to keep. */
  readonly legalComments: string;
  /** Undefined where Node is not in the package. */
  readonly node: { readonly version: string; readonly licence: string } | undefined;
  /** Texts for packages that ship none, by SPDX id: only those that name no author in themselves will do. */
  readonly standardTexts: Readonly<Record<string, string>>;
}

const RULE = `\n${"-".repeat(80)}\n\n`;

/**
 * Renders the document: a list of all, then each text once, below the names of those whose text it is.
 * @throws SatelliteError `component-licence-missing` when a package ships no text, and its licence has no standard one
 */
export function renderLicences({ components, legalComments, node, standardTexts }: LicenceSources): string {
  const list = components.map((component) => `  ${title(component)}, ${component.licence}`);
  const sections = Array.from(Map.groupBy(components, (component) => textOf(component, standardTexts)));
  return [
    [
      "eks-satellite contains:\n",
      ...list,
      ...(node === undefined ? [""] : [`  Node.js ${node.version}, MIT and others\n`]),
    ].join("\n"),
    ...sections.map(([text, owners]) => `${owners.map(title).join("\n")}\n\n${text}\n`),
    ...(legalComments.trim() === "" ? [] : [`Comments in the bundled sources\n\n${legalComments.trim()}\n`]),
    ...(node === undefined ? [] : [`Node.js ${node.version}\n\n${node.licence.trim()}\n`]),
  ].join(RULE);
}

function title({ name, version }: Component): string {
  return `${name} ${version}`;
}

function textOf(component: Component, standardTexts: LicenceSources["standardTexts"]): string {
  const texts = component.licenceTexts
    .map((text) => text.replaceAll("\r\n", "\n").trim())
    .filter((text) => text !== "");
  if (texts.length > 0) return texts.join("\n\n");
  const standard = standardTexts[component.licence];
  if (standard !== undefined) return `(no text in the package, which names ${component.licence})\n\n${standard.trim()}`;
  throw new SatelliteError(
    "component-licence-missing",
    `${title(component)} is under ${component.licence}, and ${component.folder} holds no text of it`,
    { hint: "Replace the package, or ask its authors to ship their licence." },
  );
}
