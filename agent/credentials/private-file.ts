// Reads a file with a secret. Other users must not be able to read it, as ssh demands of its keys.
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";

/** Access for group and others: a file with keys must have none of these bits. */
const OTHERS_BITS = 0o077;

/** Reads a file that only its owner may read. @throws credentials-missing, credentials-exposed, file-unreadable */
export async function readPrivateFile(host: Host, file: string): Promise<string> {
  const status = await host.files.status(file);
  const text = status === undefined ? undefined : await host.files.read(file);
  if (status === undefined || text === undefined) {
    throw new SatelliteError("credentials-missing", `there is no file ${file}`, {
      hint: `Write the keys there (install -m 0600 /dev/stdin ${file}), or correct credentials in the configuration.`,
    });
  }
  if ((status.mode & OTHERS_BITS) !== 0) {
    throw new SatelliteError(
      "credentials-exposed",
      `${file} has mode ${status.mode.toString(8).padStart(4, "0")}: other users of this machine can read its keys`,
      {
        hint: `chmod 600 ${file}, and rotate the keys: other users may know them.`,
      },
    );
  }
  return text;
}
