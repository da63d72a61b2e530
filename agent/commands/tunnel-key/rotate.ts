// `eks-satellite tunnel-key --rotate`: makes the next key, which the daemon finds, and waits until it is in force.
import { SatelliteError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { readPublicKey } from "../../network/key-file.ts";
import { ensureNextKey, readNextKey } from "../../network/rotation/next-key.ts";

const ASK_EVERY_MS = 500;
/** The daemon finds the next key within half a minute, the gateway learns it by a watch, and is asked each 2.5 seconds. */
const DEADLINE_MS = 90_000;

/** The new public key. @throws tunnel-key-missing, tunnel-rotation-late, tunnel-rotation-declined, and what reading and writing the files throws */
export async function rotateKey(host: Pick<Host, "files" | "userId" | "clock">): Promise<string> {
  if ((await readPublicKey(host)) === undefined)
    throw new SatelliteError("tunnel-key-missing", "this machine has no key of a tunnel that could be changed", {
      hint: "eks-satellite tunnel-key makes one; the daemon does so for a node that has an entry (eks-satellite authorize --tunnel).",
    });
  const next = await ensureNextKey(host);
  const deadlineMs = host.clock.monotonic() + DEADLINE_MS;
  while (host.clock.monotonic() < deadlineMs) {
    if ((await readPublicKey(host)) === next) return next;
    if ((await readNextKey(host)) === undefined && (await readPublicKey(host)) !== next) throw declined();
    await host.clock.sleep(ASK_EVERY_MS);
  }
  throw new SatelliteError(
    "tunnel-rotation-late",
    "the tunnel's key was not changed within a minute and a half; the change goes on",
    {
      hint: "The daemon must run, and reach the API server and the gateway: eks-satellite status, and tunnel.keyRotation of /status.",
    },
  );
}

function declined(): SatelliteError {
  return new SatelliteError("tunnel-rotation-declined", "the daemon has declined to change the tunnel's key", {
    hint: "journalctl -u eks-satellite says why: the key is one that an administrator has entered by hand, or the gateway is of an earlier version.",
  });
}
