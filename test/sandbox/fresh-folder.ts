// Folders that appear whole or not at all: filled beside their place and moved into it.
import { mkdir, readdir, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { clean } from "./environment.ts";
import { identityOf } from "./process.ts";

/** Fills a new folder, then puts it in the place of `target`; what a killed run left half-filled is removed. */
export async function replaceFolder(target: string, fill: (fresh: string) => Promise<void>): Promise<void> {
  const parent = dirname(target);
  await mkdir(parent, { recursive: true });
  await removeLeftovers(parent, basename(target));
  const fresh = `${target}.${process.pid}.new`;
  try {
    await mkdir(fresh);
    await fill(fresh);
    await removeTree(target);
    await rename(fresh, target);
  } finally {
    await removeTree(fresh);
  }
}

/** Removes a folder and never crosses a mount: what is mounted into it is not the sandbox's. */
export async function removeTree(path: string): Promise<void> {
  await execa("rm", ["--recursive", "--force", "--one-file-system", path], clean());
}

async function removeLeftovers(parent: string, name: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    const pid = entry.startsWith(`${name}.`) ? /\.(\d+)\.new$/.exec(entry)?.[1] : undefined;
    if (pid && !(await identityOf(Number(pid)))) await removeTree(join(parent, entry));
  }
}
