// ajv, a validator of JSON Schema, from npm into the cache: it checks one file that is rendered, and is no package of the program.
import { fromNpm } from "../from-npm.ts";

const VERSION = "8.17.1";

/** Whether a value is as the schema says. */
export type Validate = ((value: unknown) => boolean) & { readonly errors?: unknown };

interface Ajv {
  compile(schema: unknown): Validate;
}

/** Compiles a JSON Schema; installs ajv where the cache has none. */
export async function compileSchema(schema: unknown): Promise<Validate> {
  const require = await fromNpm(`ajv-${VERSION}`, [`ajv@${VERSION}`]);
  const { Ajv } = require("ajv") as { Ajv: new (options: object) => Ajv };
  return new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(schema);
}
