// Node for one architecture, from npm's package of exactly the version that package.json pins, with the bytes that package-lock.json names.
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { SatelliteError } from "../../agent/errors.ts";
import type { Architecture } from "./architecture.ts";
import { runTool } from "./tool.ts";

/** Node as a release takes it along. */
export interface NodeFiles {
  /** E.g. `24.21.0`. */
  readonly version: string;
  /** Path of the program. */
  readonly program: string;
  /** Path of Node's own licence, with those of everything inside it. */
  readonly licence: string;
}

/** What package.json and package-lock.json say of one package. */
export interface NodePin {
  readonly name: string;
  readonly version: string;
  /** `sha512-…` of the package's archive. */
  readonly integrity: string;
}

/** What npm writes for SHA-512. */
const INTEGRITY = /^sha512-[A-Za-z0-9+/]{86}==$/;

/**
 * Takes the locked Node of an architecture into a folder, which must exist.
 * @param cache folder for npm's packages, made when missing
 * @throws SatelliteError `node-not-pinned`, `node-integrity`, `tool-failed`
 */
export async function takeLockedNode(
  top: string,
  architecture: Architecture,
  { cache, folder }: { readonly cache: string; readonly folder: string },
): Promise<NodeFiles> {
  const pin = await readNodePin(top, architecture);
  return await unpackNode(await fetchNodePackage(top, pin, cache), pin.version, folder);
}

/**
 * Reads which Node is pinned for an architecture.
 * @throws SatelliteError `node-not-pinned`, also where the lockfile has no digest of that version: anything could be packed then
 */
export async function readNodePin(top: string, { nodePackage: name }: Architecture): Promise<NodePin> {
  const manifest = JSON.parse(await readFile(join(top, "package.json"), "utf8"));
  const version: unknown = manifest.optionalDependencies?.[name];
  if (typeof version !== "string" || !/^\d+\.\d+\.\d+$/.test(version)) {
    throw new SatelliteError("node-not-pinned", `package.json pins ${name} at ${JSON.stringify(version)}`, {
      hint: `Name one version in optionalDependencies, e.g. "${name}": "24.21.0".`,
    });
  }
  const lock = JSON.parse(await readFile(join(top, "package-lock.json"), "utf8"));
  const locked = lock.packages?.[`node_modules/${name}`];
  if (locked?.version !== version || !INTEGRITY.test(locked.integrity)) {
    throw new SatelliteError("node-not-pinned", `package-lock.json has no sha512 of ${name}@${version}`, {
      hint: 'Run npm install, and commit package-lock.json with its "integrity".',
    });
  }
  return { name, version, integrity: locked.integrity };
}

/**
 * Fetches the package with `npm pack` unless it is in the cache, and verifies it each time that it is taken from there.
 * @param cache folder for packages, made when missing
 * @returns path of the package's archive
 * @throws SatelliteError `node-integrity`, `tool-failed`
 */
export async function fetchNodePackage(top: string, pin: NodePin, cache: string): Promise<string> {
  const archive = join(cache, `${pin.name}-${pin.version}.tgz`);
  if (await isIntact(archive, pin.integrity)) return archive;
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, ".fetch-"));
  try {
    // The whole environment: proxies and npm's own settings are in it.
    await runTool("npm", ["pack", "--silent", "--pack-destination", fresh, `${pin.name}@${pin.version}`], {
      cwd: top,
      environment: process.env,
    });
    const fetched = join(fresh, `${pin.name}-${pin.version}.tgz`);
    if (!(await isIntact(fetched, pin.integrity))) {
      throw new SatelliteError("node-integrity", `${pin.name}@${pin.version} is not ${pin.integrity}`, {
        hint: "The registry's package differs from that of package-lock.json: find out why before you release anything.",
      });
    }
    await rename(fetched, archive);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return archive;
}

/** Unpacks the program and its licence into a folder, which must exist. */
export async function unpackNode(archive: string, version: string, folder: string): Promise<NodeFiles> {
  const members = ["package/bin/node", "package/LICENSE"];
  await runTool("tar", ["--extract", "--gzip", "--file", archive, "--directory", folder, ...members]);
  return { version, program: join(folder, "package/bin/node"), licence: join(folder, "package/LICENSE") };
}

async function isIntact(path: string, integrity: string): Promise<boolean> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  return `sha512-${createHash("sha512").update(content).digest("base64")}` === integrity;
}
