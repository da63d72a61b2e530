// A build whose inputs and outputs are what they were after the last one is left out.
import { createHash } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";

export interface Build {
  /** Files and folders that the build reads; what it takes from elsewhere is named by one of them, as packages are by a lockfile. */
  readonly inputs: readonly string[];
  /** Files that it makes. */
  readonly outputs: readonly string[];
  /** Where the digests of the last build are kept. */
  readonly stamp: string;
  readonly run: () => Promise<unknown>;
}

/** Runs the build where a file differs, or is missing. @returns whether it ran @throws what the build throws */
export async function buildOnce({ inputs, outputs, stamp, run }: Build): Promise<boolean> {
  const before = await digestFiles(inputs);
  const built = async () => `${before} ${await digestFiles(outputs)}\n`;
  const last = await readFile(stamp, "utf8").catch(() => undefined);
  if (last !== undefined && last === (await built())) return false;
  await run();
  await writeFile(stamp, await built());
  return true;
}

/** The digest of files, and of all files in folders. One that is missing has a digest of its own. */
export async function digestFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths)
    for (const file of await listFiles(path)) {
      const content = await readFile(file).catch(() => undefined);
      hash.update(`${relative(path, file)}\0${content?.length ?? "missing"}\0`).update(content ?? "");
    }
  return hash.digest("hex");
}

async function listFiles(path: string): Promise<readonly string[]> {
  const status = await stat(path).catch(() => undefined);
  if (!status?.isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return files.toSorted();
}
