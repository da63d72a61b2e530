// ajv, a validator of JSON Schema, from npm into the cache: it checks one file that is rendered, and is no package of the program.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { execa } from "execa";
import { replaceFolder } from "../sandbox/fresh-folder.ts";
import { cacheFolder } from "../sandbox/state.ts";

const VERSION = "8.17.1";

/** Whether a value is as the schema says. */
export type Validate = ((value: unknown) => boolean) & { readonly errors?: unknown };

interface Ajv {
  compile(schema: unknown): Validate;
}

/** Compiles a JSON Schema; installs ajv where the cache has none. */
export async function compileSchema(schema: unknown): Promise<Validate> {
  const folder = join(cacheFolder(), `ajv-${VERSION}`);
  if (!existsSync(folder)) {
    await replaceFolder(folder, async (fresh) => {
      const args = ["install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund", `ajv@${VERSION}`];
      await execa("npm", args);
    });
  }
  const { Ajv } = createRequire(join(folder, "node_modules/"))("ajv") as { Ajv: new (options: object) => Ajv };
  return new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(schema);
}
