// A node's addresses go from one key to the other, in one command: a packet finds one of them at any time.
import { SatelliteError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { GATEWAY_INTERFACE } from "../../tunnel/names.ts";

const TIMEOUT_SECONDS = 10;
/** One packet at once, which makes WireGuard shake hands: the satellite's own handshake came while its key was no peer. */
const SPEAK_SECONDS = "5";

export interface PeerSwitch {
  readonly from: string;
  readonly to: string;
  readonly allowedIps: readonly string[];
  /** Where the node was under its old key; undefined: it has not spoken yet. */
  readonly endpoint: string | undefined;
}

/** @throws wireguard-failed */
export async function switchPeer(
  host: Pick<Host, "run">,
  { from, to, allowedIps, endpoint }: PeerSwitch,
): Promise<void> {
  await wg(host, [
    ...["peer", from, "allowed-ips", ""],
    ...["peer", to, ...(endpoint === undefined ? [] : ["endpoint", endpoint])],
    ...["allowed-ips", allowedIps.join(","), "persistent-keepalive", SPEAK_SECONDS],
  ]);
}

/** Leaves it to the satellite again to keep the way open. @throws wireguard-failed */
export function endSpeaking(host: Pick<Host, "run">, key: string): Promise<void> {
  return wg(host, ["peer", key, "persistent-keepalive", "off"]);
}

/** @throws wireguard-failed */
export function removePeer(host: Pick<Host, "run">, key: string): Promise<void> {
  return wg(host, ["peer", key, "remove"]);
}

/** Runs `wg set` on the gateway's interface. @throws wireguard-failed */
export async function wg(host: Pick<Host, "run">, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await host.run("wg", ["set", GATEWAY_INTERFACE, ...args], {
    timeoutSeconds: TIMEOUT_SECONDS,
  });
  if (exitCode === 0) return;
  throw new SatelliteError("wireguard-failed", `wg set ${GATEWAY_INTERFACE} failed: ${stderr.trim().slice(0, 300)}`, {
    hint: "Run it by hand, as root, to see what it says.",
  });
}
