// The tunnel's private key: made on this machine, and root's alone. One that is damaged is not replaced: the gateway knows the machine by it.
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { Secret } from "../secret.ts";
import { wireguardKey } from "../tunnel/entries.ts";
import { TUNNEL_KEY_FILE } from "../tunnel/names.ts";
import { makePrivateKey, publicKeyOf } from "../tunnel/wireguard-key.ts";

const MODE = 0o600;
/** Access for group and others. */
const OTHERS_BITS = 0o077;
const MAX_BYTES = 4096;
const ROOT = 0;

type KeyHost = Pick<Host, "files" | "userId">;

/** The public key of the file; undefined while there is no file. @throws tunnel-key-invalid, tunnel-key-exposed, file-unreadable */
export async function readPublicKey(host: KeyHost, path = TUNNEL_KEY_FILE): Promise<string | undefined> {
  const opened = await host.files.readWithStatus(path, MAX_BYTES);
  if (opened === undefined) return undefined;
  const { status, text } = opened;
  if (status.kind !== "file") throw invalid(path, "is not a regular file");
  if ((status.mode & OTHERS_BITS) !== 0) throw exposed(path, `has mode ${status.mode.toString(8).padStart(4, "0")}`);
  if (status.uid !== ROOT && status.uid !== host.userId) throw exposed(path, `belongs to user ${status.uid}`);
  const key = text.trim();
  if (!wireguardKey.safeParse(key).success) throw invalid(path, "holds no WireGuard key");
  return publicKeyOf(new Secret(key));
}

/** The public key; a missing file is made. @throws tunnel-key-invalid, tunnel-key-exposed, file-unreadable, file-unwritable, disk-full */
export async function ensurePublicKey(host: KeyHost): Promise<string> {
  return (await readPublicKey(host)) ?? makeKeyFile(host);
}

/** Writes a new key, and returns its public half. @throws file-unwritable, disk-full */
export async function makeKeyFile(host: KeyHost, path = TUNNEL_KEY_FILE): Promise<string> {
  const key = makePrivateKey();
  await host.files.write(path, `${key.reveal()}\n`, { mode: MODE });
  return publicKeyOf(key);
}

/** Remembers the public key of a file that stays as it is, for a reader that asks each round. */
export class KeptKey {
  #kept: { readonly status: string; readonly publicKey: string } | undefined;

  /** As {@link ensurePublicKey}. */
  async ensure(host: KeyHost): Promise<string> {
    const status = JSON.stringify(await host.files.status(TUNNEL_KEY_FILE));
    if (this.#kept !== undefined && this.#kept.status === status) return this.#kept.publicKey;
    const publicKey = await ensurePublicKey(host);
    this.#kept = { status: JSON.stringify(await host.files.status(TUNNEL_KEY_FILE)), publicKey };
    return publicKey;
  }
}

function invalid(path: string, what: string): SatelliteError {
  return new SatelliteError("tunnel-key-invalid", `${path} ${what}; the tunnel stays as it is`, {
    hint: `Restore the file. Or remove it, and another key is made and reported to the cluster: rm ${path}.`,
  });
}

function exposed(path: string, what: string): SatelliteError {
  return new SatelliteError("tunnel-key-exposed", `${path} ${what}: another user may know the key`, {
    hint: `Remove it, and another key is made and reported to the cluster: rm ${path}. If no other user has read it: chown root:root ${path}; chmod 600 ${path}.`,
  });
}
