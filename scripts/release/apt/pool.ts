// The packages of an apt repository: the files in its pool, and what apt's index says of each.
import { copyFile, mkdir, readdir, rename, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { SatelliteError } from "../../../agent/errors.ts";
import { sha256Of } from "../checksums.ts";
import { runTool } from "../tool.ts";

/** Where the packages lie, by Debian's custom. */
export const POOL = "pool/main/e/eks-satellite";

/** One package of the pool. */
export interface PoolPackage {
  /** Debian's version: `~` in it is a release candidate's. */
  readonly version: string;
  readonly architecture: string;
  /** Its paragraph in the index `Packages`. */
  readonly paragraph: string;
}

/**
 * Adds packages to the pool. One that is there stays: its sum is in indexes that machines have.
 * @throws SatelliteError `apt-package-changed` when other bytes are published under that name already
 */
export async function addToPool(repository: string, paths: readonly string[]): Promise<void> {
  const pool = join(repository, POOL);
  await mkdir(pool, { recursive: true });
  const present = await readdir(pool);
  for (const path of paths) {
    const name = basename(path);
    const target = join(pool, name);
    if (!present.includes(name)) {
      await copyFile(path, `${target}.new`);
      await rename(`${target}.new`, target);
    } else if ((await sha256Of(path)) !== (await sha256Of(target))) {
      throw new SatelliteError("apt-package-changed", `${target} holds other bytes than ${path}`, {
        hint: "A published version never changes: release another version, or build the tag of this one again.",
      });
    }
  }
}

/**
 * Reads what is in the pool, by name.
 * @throws SatelliteError `apt-package-foreign`, `apt-pool-empty`, `tool-failed`
 */
export async function readPool(repository: string): Promise<PoolPackage[]> {
  const names = (await readdir(join(repository, POOL))).filter((name) => name.endsWith(".deb")).toSorted();
  if (names.length === 0) {
    throw new SatelliteError("apt-pool-empty", `there is no package in ${join(repository, POOL)}`, {
      hint: "Make a release first: scripts/build --release.",
    });
  }
  return await Promise.all(names.map((name) => readPackage(repository, `${POOL}/${name}`)));
}

/** @see https://wiki.debian.org/DebianRepository/Format#A.22Packages.22_Indices */
async function readPackage(repository: string, path: string): Promise<PoolPackage> {
  const file = join(repository, path);
  const control = await runTool("dpkg-deb", ["--field", file]);
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(control)?.[1] ?? "";
  // A repository that may replace any package of a machine must not get one by mistake.
  if (field("Package") !== "eks-satellite") {
    throw new SatelliteError("apt-package-foreign", `${file} is the package ${JSON.stringify(field("Package"))}`, {
      hint: "Remove it: the repository has eks-satellite alone.",
    });
  }
  const { size } = await stat(file);
  const paragraph = `${control}\nFilename: ${path}\nSize: ${size}\nSHA256: ${await sha256Of(file)}\n`;
  return { version: field("Version"), architecture: field("Architecture"), paragraph };
}
