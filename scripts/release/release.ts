// A release: for each architecture a tarball, a Debian package and a bill of materials, the npm package, SHA256SUMS of them all, and its signature.
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SatelliteError } from "../../agent/errors.ts";
import { type Bundle, makeBundle } from "../bundle.ts";
import { renderShellFiles } from "../shell/files.ts";
import type { Architecture } from "./architecture.ts";
import { renderChecksums, sha256Of } from "./checksums.ts";
import { type Components, readComponents } from "./components.ts";
import { debianFiles, localFiles } from "./contents.ts";
import { makeDeb } from "./deb.ts";
import { renderLicences } from "./licences.ts";
import type { NodeFiles } from "./node-package.ts";
import { makeNpmPackage } from "./npm.ts";
import { renderSbom } from "./sbom.ts";
import { type Signing, signChecksums } from "./signing.ts";
import { makeTarball, type Place } from "./tarball.ts";
import { runTool } from "./tool.ts";
import { parseVersion } from "./version.ts";

/** What to release. */
export interface ReleaseOptions {
  /** The repository. */
  readonly top: string;
  /** Semver; the bundle says it too. */
  readonly version: string;
  readonly architectures: readonly Architecture[];
  /** Puts Node for an architecture into a folder. */
  readonly takeNode: (architecture: Architecture, folder: string) => Promise<NodeFiles>;
  /** Seconds since 1970, for everything in the packages. */
  readonly timeSeconds: number;
  /** Folder for the result; replaced as a whole, and only when all of it was made. */
  readonly output: string;
  /** Who signs SHA256SUMS; there is no signature when it is left out. */
  readonly signing?: Signing;
}

/** The bundle, and what is known of what went into it. */
interface Program {
  readonly bundle: Bundle;
  readonly components: Components;
  readonly description: string;
}

/**
 * Makes all files of a release: the same commit, packages and tools give the same bytes.
 * @returns the names of the files in the output folder, SHA256SUMS and its signature last
 * @throws SatelliteError `release-version-invalid`, `release-version-differs`, `tool-missing`, `signing-key-unknown`, and those of the parts
 */
export async function makeRelease(options: ReleaseOptions): Promise<string[]> {
  const { top, version, architectures, timeSeconds, output } = options;
  parseVersion(version);
  await runTool("dpkg-deb", ["--version"]);
  const bundle = await makeBundle(version);
  const components = await readComponents(top, bundle.metafile);
  const { description } = JSON.parse(await readFile(join(top, "package.json"), "utf8"));
  await mkdir(dirname(output), { recursive: true });
  // Beside the output, so that it can be moved there at once.
  const work = await mkdtemp(join(dirname(output), ".release-"));
  try {
    await checkVersion(bundle, version, work);
    const place: Place = { work, output: join(work, "output"), timeSeconds };
    await mkdir(place.output);
    const made = architectures.map((architecture) =>
      makePackages(options, { bundle, components, description }, { architecture, place }),
    );
    const names = [...(await Promise.all(made)).flat(), await makeNpmPackage(top, version, place)];
    const sums = await writeSums(options, names, place);
    await rm(output, { recursive: true, force: true });
    await rename(place.output, output);
    return [...names, ...sums];
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function writeSums({ signing }: ReleaseOptions, names: readonly string[], place: Place): Promise<string[]> {
  const sums = await renderChecksums(place.output, names);
  await writeFile(join(place.output, "SHA256SUMS"), sums);
  if (signing === undefined) return ["SHA256SUMS"];
  await writeFile(join(place.output, "SHA256SUMS.sig"), await signChecksums(sums, signing, place.work));
  return ["SHA256SUMS", "SHA256SUMS.sig"];
}

/** A bundle whose version differs from its package's name would mislead readers of its log. */
async function checkVersion({ files }: Bundle, version: string, work: string): Promise<void> {
  for (const { name, content } of files) await writeFile(join(work, name), content);
  const said = await runTool(process.execPath, [join(work, "eks-satellite.mjs"), "version"]);
  if (said !== version) {
    throw new SatelliteError("release-version-differs", `the bundle says version ${said}, and ${version} is released`, {
      hint: "Let agent/version.ts take its version from package.json alone.",
    });
  }
}

async function makePackages(
  { top, version, takeNode, timeSeconds }: ReleaseOptions,
  program: Program,
  { architecture, place }: { architecture: Architecture; place: Place },
): Promise<string[]> {
  const folder = join(place.work, `node-${architecture.name}`);
  await mkdir(folder);
  const node = await takeNode(architecture, folder);
  const identity = { version, architecture: architecture.name, description: program.description };
  const sbom = renderSbom({
    ...identity,
    components: program.components,
    node: { version: node.version, sha256: await sha256Of(node.program) },
    timeSeconds,
  });
  const licences = await collectLicences(top, program, node);
  const { files } = program.bundle;
  const shellFiles = renderShellFiles({ version, timeSeconds });
  const built = { files, licences, sbom, shellFiles, node: node.program };
  const name = `eks-satellite-${version}-linux-${architecture.name}`;
  const versionFile = { path: "VERSION", content: `${version}\n` };
  const tarball = await makeTarball(name, [...(await localFiles(top, built)), versionFile], place);
  const deb = await makeDeb(top, { identity, files: await debianFiles(top, built), place });
  await writeFile(join(place.output, `${name}.cdx.json`), sbom);
  return [tarball, deb, `${name}.cdx.json`];
}

async function collectLicences(top: string, { bundle, components }: Program, node: NodeFiles): Promise<string> {
  return renderLicences({
    components: components.all,
    legalComments: bundle.legalComments,
    node: { version: node.version, licence: await readFile(node.licence, "utf8") },
    // Our own licence's text, which names no author.
    standardTexts: { "Apache-2.0": await readFile(join(top, "LICENSE"), "utf8") },
  });
}
