// The indexes of one suite: Packages by architecture, compressed and by its own sum, and the Release file that names them all.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { runTool } from "../tool.ts";
import type { PoolPackage } from "./pool.ts";

/** One suite of the repository. */
export interface Suite {
  readonly name: "stable" | "candidate";
  readonly description: string;
  readonly packages: readonly PoolPackage[];
  /** Debian's names; those without a package have an empty index. */
  readonly architectures: readonly string[];
  /** Seconds since 1970. apt takes no Release that is older than the one that it has. */
  readonly timeSeconds: number;
}

interface IndexFile {
  /** Relative to the suite's folder. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

const COMPONENT = "main";
const SUM = /^ ([0-9a-f]{64}) /gm;

/**
 * Writes the indexes of a suite, each under its sum too, and returns the text of its Release file, which the caller signs and writes.
 * What the Release before it names stays under its sum: a machine that has read that one can go on.
 */
export async function writeIndexes(folder: string, suite: Suite): Promise<string> {
  const former = await readFile(join(folder, "Release"), "utf8").catch(() => "");
  const files: IndexFile[] = [];
  for (const architecture of suite.architectures) files.push(...(await writeIndex(folder, suite, architecture)));
  const kept = new Set([...files.map(({ sha256 }) => sha256), ...Array.from(former.matchAll(SUM), ([, sum]) => sum)]);
  for (const architecture of suite.architectures) await prune(join(folder, byHash(architecture)), kept);
  return renderRelease(suite, files);
}

async function writeIndex(folder: string, { packages }: Suite, architecture: string): Promise<IndexFile[]> {
  const path = `${indexFolder(architecture)}/Packages`;
  const own = packages.filter((each) => each.architecture === architecture);
  const plain = join(folder, path);
  await mkdir(join(folder, byHash(architecture)), { recursive: true });
  await writeWhole(plain, own.map(({ paragraph }) => paragraph).join("\n"));
  await writeWhole(`${plain}.gz`, gzipSync(await readFile(plain), { level: 9 }));
  await runTool("xz", ["--compress", "--keep", "--force", "--threads=1", plain]);
  return await Promise.all(
    ["", ".gz", ".xz"].map(async (suffix) => {
      const content = await readFile(plain + suffix);
      const sha256 = createHash("sha256").update(content).digest("hex");
      await writeWhole(join(folder, byHash(architecture), sha256), content);
      return { path: path + suffix, size: content.length, sha256 };
    }),
  );
}

async function prune(folder: string, kept: ReadonlySet<string | undefined>): Promise<void> {
  for (const name of await readdir(folder)) if (!kept.has(name)) await rm(join(folder, name));
}

/**
 * No Valid-Until: the files lie on a static host, and none signs them anew while there is no release.
 * @see https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files
 */
function renderRelease({ name, description, architectures, timeSeconds }: Suite, files: readonly IndexFile[]): string {
  return `Origin: eks-satellite
Label: eks-satellite
Suite: ${name}
Codename: ${name}
Date: ${new Date(timeSeconds * 1000).toUTCString().replace("GMT", "UTC")}
Acquire-By-Hash: yes
Architectures: ${architectures.join(" ")}
Components: ${COMPONENT}
Description: ${description}
SHA256:
${files.map(({ path, size, sha256 }) => ` ${sha256} ${size} ${path}\n`).join("")}`;
}

/** Readers of a folder that is served meanwhile see a file whole. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

const indexFolder = (architecture: string) => `${COMPONENT}/binary-${architecture}`;
const byHash = (architecture: string) => `${indexFolder(architecture)}/by-hash/SHA256`;
