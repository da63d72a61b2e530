// The npm package: an administrator's commands for laptops, in one bundle without dependencies.
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { makeLaptopBundle } from "../bundle.ts";
import { readComponents } from "./components.ts";
import { renderLicences } from "./licences.ts";
import { makeTarball, type Place } from "./tarball.ts";
import type { PackageFile } from "./tree.ts";

const PROGRAM = "bin/eks-satellite.mjs";
/** Proxies in an agent's options are Node's since then; packaging/npm/eks-satellite.mjs refuses an older one. */
const NODE_RANGE = ">=24.5.0";

/** Makes `eks-satellite-<version>.tgz`, which `npm publish` and `npm install` take. @returns the file's name */
export async function makeNpmPackage(top: string, version: string, place: Place): Promise<string> {
  const work = join(place.work, "npm");
  const files = await npmFiles(top, version);
  // npm unpacks what lies below a folder of this name.
  const made = await makeTarball("package", files, { ...place, work });
  const name = `eks-satellite-${version}.tgz`;
  await rename(join(place.output, made), join(place.output, name));
  return name;
}

async function npmFiles(top: string, version: string): Promise<readonly PackageFile[]> {
  const { files, legalComments, metafile } = await makeLaptopBundle(version);
  const licence = await readFile(join(top, "LICENSE"), "utf8");
  const components = (await readComponents(top, metafile)).all;
  const standardTexts = { "Apache-2.0": licence };
  const fromHere = async (path: string) => await readFile(join(top, "packaging/npm", path));
  return [
    { path: "package.json", content: renderManifest(await readManifest(top), version) },
    { path: PROGRAM, content: await fromHere("eks-satellite.mjs"), isProgram: true },
    ...files.filter(({ name }) => name.endsWith(".mjs")).map(({ name, content }) => ({ path: `lib/${name}`, content })),
    { path: "README.md", content: await fromHere("README.md") },
    { path: "LICENSE", content: licence },
    {
      path: "THIRD-PARTY-LICENSES.txt",
      content: renderLicences({ components, legalComments, node: undefined, standardTexts }),
    },
  ];
}

type Manifest = Readonly<Record<"name" | "homepage" | "bugs" | "repository" | "license" | "keywords", unknown>>;

async function readManifest(top: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(top, "package.json"), "utf8"));
}

function renderManifest({ name, homepage, bugs, repository, license, keywords }: Manifest, version: string): string {
  const manifest = {
    name,
    version,
    description: "Lets machines outside AWS be nodes of an EKS cluster: an administrator's commands, for a laptop.",
    ...{ keywords, homepage, bugs, repository, license },
    type: "module",
    bin: { "eks-satellite": PROGRAM },
    files: ["bin", "lib", "THIRD-PARTY-LICENSES.txt"],
    engines: { node: NODE_RANGE },
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
