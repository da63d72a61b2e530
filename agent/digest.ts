// Digests that tell contents apart.
import { createHash } from "node:crypto";

/** SHA-256 of a text as UTF-8, in lower-case hex. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
