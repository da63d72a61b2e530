// The key to which the machine is about to change: a file beside the current one, which takes its place by a rename.
import { SatelliteError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { TUNNEL_KEY_FILE, TUNNEL_NEXT_KEY_FILE } from "../../tunnel/names.ts";
import { makeKeyFile, readPublicKey } from "../key-file.ts";

type KeyHost = Pick<Host, "files" | "userId">;

/** A change takes seconds; one that takes longer than this is reported. */
const STUCK_MS = 60 * 60_000;

/** The public half of the next key; undefined while none is made. @throws tunnel-key-invalid, tunnel-key-exposed, file-unreadable */
export function readNextKey(host: KeyHost): Promise<string | undefined> {
  return readPublicKey(host, TUNNEL_NEXT_KEY_FILE);
}

/** Makes it, unless there is one. @throws as {@link readNextKey}, and file-unwritable, disk-full */
export async function ensureNextKey(host: KeyHost): Promise<string> {
  return (await readNextKey(host)) ?? makeKeyFile(host, TUNNEL_NEXT_KEY_FILE);
}

/** Makes it the current one: the old key is gone from then on. */
export function adoptNextKey(host: Pick<Host, "files">): Promise<void> {
  return host.files.move(TUNNEL_NEXT_KEY_FILE, TUNNEL_KEY_FILE);
}

export function removeNextKey(host: Pick<Host, "files">): Promise<void> {
  return host.files.remove(TUNNEL_NEXT_KEY_FILE);
}

/** When the current key was made, milliseconds since the epoch. */
export async function keyMadeMs(host: Pick<Host, "files">): Promise<number | undefined> {
  return (await host.files.status(TUNNEL_KEY_FILE))?.modifiedMs;
}

/** Why a change that was begun does not come to its end; undefined while none is late. The current key holds. */
export async function findStuckRotation(host: Pick<Host, "files" | "clock">): Promise<SatelliteError | undefined> {
  const begunMs = (await host.files.status(TUNNEL_NEXT_KEY_FILE))?.modifiedMs;
  if (begunMs === undefined || host.clock.now() - begunMs < STUCK_MS) return undefined;
  return new SatelliteError(
    "tunnel-rotation-stuck",
    "the tunnel's key has been about to change for more than an hour; the current key holds",
    {
      hint: `The change needs the API server and the gateway: eks-satellite status shows how far it is (tunnel.keyRotation). To call it off: rm ${TUNNEL_NEXT_KEY_FILE}.`,
    },
  );
}
