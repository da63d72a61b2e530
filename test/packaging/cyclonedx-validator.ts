// CycloneDX's own validator, which holds the official schema of version 1.6 and those that it refers to: SPDX's licences, signatures.
import { fromNpm } from "../from-npm.ts";

const VERSION = "10.3.0";
/** What the validator asks for beside itself, in the versions that it names as optional dependencies. */
const PACKAGES = [
  `@cyclonedx/cyclonedx-library@${VERSION}`,
  "ajv@8.17.1",
  "ajv-formats@3.0.1",
  "ajv-formats-draft2019@1.6.1",
];

interface Library {
  readonly Validation: { readonly JsonStrictValidator: new (version: "1.6") => Validator };
}

/** Null when a document is valid, else what is wrong with it. */
interface Validator {
  validate(document: string): Promise<unknown>;
}

/** Makes the strict validator, which takes no unknown key either; installs it where the cache has none. */
export async function makeValidator(): Promise<Validator> {
  const require = await fromNpm(`cyclonedx-library-${VERSION}`, PACKAGES);
  const { Validation } = require("@cyclonedx/cyclonedx-library") as Library;
  return new Validation.JsonStrictValidator("1.6");
}
