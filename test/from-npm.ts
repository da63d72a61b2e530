// What only tests use of npm: packages at exact versions, installed into the cache, none of the program's own.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { execa } from "execa";
import { replaceFolder } from "./sandbox/fresh-folder.ts";
import { cacheFolder } from "./sandbox/state.ts";

/**
 * Installs packages where the cache has none yet.
 * @param name of the folder in the cache, with what changes when the versions do
 * @returns what requires them
 */
export async function fromNpm(name: string, packages: readonly string[]): Promise<NodeJS.Require> {
  const folder = join(cacheFolder(), name);
  if (!existsSync(folder)) {
    await replaceFolder(folder, async (fresh) => {
      const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
      await execa("npm", ["install", "--prefix", fresh, ...quiet, ...packages]);
    });
  }
  return createRequire(join(folder, "node_modules/"));
}
