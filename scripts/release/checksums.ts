// SHA256SUMS, in the format of GNU sha256sum.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** The lines of SHA256SUMS for files of one folder, by name: `sha256sum --check` reads them. */
export async function renderChecksums(folder: string, names: readonly string[]): Promise<string> {
  const lines = names.toSorted().map(async (name) => `${await sha256Of(join(folder, name))}  ${name}\n`);
  return (await Promise.all(lines)).join("");
}
