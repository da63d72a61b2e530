// What is made of this tree, made once for all files of tests: compressing a release takes half a minute of a processor.
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { cp, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestFiles } from "./sandbox/build-once.ts";
import { cacheFolder } from "./sandbox/state.ts";

const TOP = join(import.meta.dirname, "..");
/** All of the tree but what no release has anything of. */
const LEFT_OUT = new Set([".ci", ".git", ".github", "dist", "node_modules", "test"]);
const UNUSED_MS = 24 * 3_600_000;

/**
 * Puts a copy of a folder where none is yet; `make` makes it where the tree is another one than before.
 * @param name what is made, with all that it depends on beside the tree
 */
export async function copyKept(name: string, output: string, make: (folder: string) => Promise<unknown>) {
  const releases = join(cacheFolder(), "test-releases");
  const kept = join(releases, await digestTree(), name);
  if (!(await isThere(kept))) await keep(kept, make);
  await utimes(dirname(kept), new Date(), new Date());
  await cp(kept, output, { recursive: true, mode: constants.COPYFILE_FICLONE, preserveTimestamps: true });
  await removeUnused(releases);
}

async function digestTree(): Promise<string> {
  const names = (await readdir(TOP)).filter((name) => !LEFT_OUT.has(name)).toSorted();
  return (await digestFiles(names.map((name) => join(TOP, name)))).slice(0, 16);
}

const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Another process may make the same at the same time: the first one's stays. */
async function keep(kept: string, make: (folder: string) => Promise<unknown>): Promise<void> {
  const own = `${kept}.${randomUUID()}`;
  await mkdir(dirname(kept), { recursive: true });
  await make(own);
  await rename(own, kept).catch(async (error: unknown) => {
    if (!(await isThere(kept))) throw error;
    await rm(own, { recursive: true });
  });
}

async function removeUnused(releases: string): Promise<void> {
  for (const name of await readdir(releases)) {
    const folder = join(releases, name);
    const ageMs = Date.now() - ((await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (ageMs > UNUSED_MS) await rm(folder, { recursive: true, force: true });
  }
}
