// The apt repository: all released packages in one pool, and two suites of them, of which only the second has release candidates.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SatelliteError } from "../../../agent/errors.ts";
import { writeIndexes, writeWhole } from "./indexes.ts";
import { addToPool, type PoolPackage, readPool } from "./pool.ts";
import { checkKeys, exportKeys, type Signer, signRelease } from "./signature.ts";

/** The public key, beside dists/ and pool/. */
export const KEY_FILE = "eks-satellite.asc";

/** What to make. */
export interface RepositoryOptions {
  /** Folder of the repository, made when missing; the packages that lie in its pool stay. */
  readonly folder: string;
  /** Paths of packages to add. */
  readonly packages: readonly string[];
  /** Debian's names. */
  readonly architectures: readonly string[];
  readonly signer: Signer;
  /** Seconds since 1970: when this is signed. */
  readonly timeSeconds: number;
}

/**
 * Adds packages to a repository, and signs it anew. The files that others lead to are written first, so that it can be served meanwhile.
 * @returns what is in it
 * @throws SatelliteError `apt-key-missing`, `apt-package-changed`, `apt-package-foreign`, `apt-pool-empty`, `tool-missing`, `tool-failed`
 */
export async function makeRepository(options: RepositoryOptions): Promise<readonly PoolPackage[]> {
  const { folder, architectures, signer, timeSeconds } = options;
  await checkKeys(signer);
  await addToPool(folder, options.packages);
  const packages = await readPool(folder);
  refuseUnlisted(packages, architectures);
  await exportKeys(join(folder, KEY_FILE), signer);
  const suites = [
    { name: "stable", description: "Releases of eks-satellite", packages: packages.filter(isReleased) },
    { name: "candidate", description: "Releases of eks-satellite, and candidates for the next one", packages },
  ] as const;
  for (const suite of suites) {
    const target = join(folder, "dists", suite.name);
    await writeWhole(join(target, "Release"), await writeIndexes(target, { ...suite, architectures, timeSeconds }));
    await signRelease(target, signer);
  }
  return packages;
}

/** No index would name it, and nothing would say so. */
function refuseUnlisted(packages: readonly PoolPackage[], architectures: readonly string[]): void {
  const found = packages.find(({ architecture }) => !architectures.includes(architecture));
  if (found === undefined) return;
  throw new SatelliteError("apt-package-foreign", `the pool has ${found.version} for ${found.architecture}`, {
    hint: `The repository is for ${architectures.join(" and ")}: remove that package.`,
  });
}

const isReleased = ({ version }: PoolPackage) => !version.includes("~");

/** Reads the names of a release's Debian packages from its SHA256SUMS. */
export async function listDebianPackages(release: string): Promise<readonly string[]> {
  const sums = await readFile(join(release, "SHA256SUMS"), "utf8");
  return Array.from(sums.matchAll(/^[0-9a-f]{64} [ *](\S+\.deb)$/gm), ([, name = ""]) => join(release, name));
}
