// How old the tunnel's key is, and whether a change of it comes to its end: from the files, which the daemon goes by too.
import { SatelliteError } from "../../errors.ts";
import { readPublicKey } from "../../network/key-file.ts";
import { findStuckRotation, keyMadeMs, readNextKey } from "../../network/rotation/next-key.ts";
import { readSavedEntry } from "../../network/saved-entry.ts";
import { type Check, configured, fail, ok, pending } from "../check.ts";

const DAY_MS = 24 * 60 * 60_000;
/** The schedule is a day late where the gateway declined. */
const LATE_DAYS = 7;

export const TUNNEL_KEY_CHECK: Check = configured({
  name: "tunnel-key",
  checks:
    "the tunnel's key is root's alone, not older than network.tunnel.keyRotationDays, and a change of it is not stuck",
  run: async ({ host }, config) => {
    const { mode, keyRotationDays } = config.network.tunnel;
    if (mode === "off") return ok("the node has none");
    try {
      const [publicKey, madeMs] = [await readPublicKey(host), await keyMadeMs(host)];
      if (publicKey === undefined || madeMs === undefined) return ok("there is none: the node has no tunnel");
      const stuck = await findStuckRotation(host);
      if (stuck !== undefined) return fail(stuck.message, stuck.hint ?? "");
      if ((await readNextKey(host)) !== undefined)
        return pending("the key is about to change", "the daemon changes it");
      const days = Math.floor((host.clock.now() - madeMs) / DAY_MS);
      const age = `the key ${publicKey} is ${days} days old`;
      const isPinned = mode === "static" || (await readSavedEntry(host, config))?.entry?.isKeyPinned === true;
      if (isPinned) return ok(`${age}; an administrator has entered it by hand, and it is not changed`);
      if (keyRotationDays === 0) return ok(`${age}; network.tunnel.keyRotationDays is 0, and it is not changed`);
      if (days < keyRotationDays + LATE_DAYS) return ok(`${age}; it changes after ${keyRotationDays}`);
      return fail(
        `${age}, and should have been changed after ${keyRotationDays}`,
        "eks-satellite tunnel-key --rotate says why it is not: the daemon must run, and the gateway be of this version.",
      );
    } catch (error) {
      if (error instanceof SatelliteError) return fail(error.message, error.hint ?? "");
      throw error;
    }
  },
});
