// What `wg set` is given so that the interface has other peers. Those that stay as they are are not named: `wg syncconf` gives every peer its
// networks anew, and drops what arrives for one of them in between.
import { type SeenWireguard, sortNetworks, type WireguardPeer } from "../../tunnel/wireguard-config.ts";

/** More of them come by a file: a command line has an end. */
const MAX_CHANGES = 250;

/** Arguments after `wg set NAME`, none where nothing differs; undefined: there are too many for a command line. */
export function planPeerChanges(seen: SeenWireguard, wanted: readonly WireguardPeer[]): readonly string[] | undefined {
  const keys = new Set(wanted.map(({ publicKey }) => publicKey));
  const gone = [...seen.peers.keys()].filter((publicKey) => !keys.has(publicKey));
  const changed = wanted.filter((peer) => !isThere(seen, peer));
  if (gone.length + changed.length > MAX_CHANGES) return undefined;
  return [...gone.flatMap((publicKey) => ["peer", publicKey, "remove"]), ...changed.flatMap(toArguments)];
}

/** Endpoints, handshakes and counters are observations, and no difference. */
function isThere(seen: SeenWireguard, { publicKey, allowedIps }: WireguardPeer): boolean {
  return seen.peers.get(publicKey)?.allowedIps.join() === sortNetworks(allowedIps).join();
}

/** The networks last: what waits for the peer leaves at once, and must know where to. */
function toArguments({ publicKey, allowedIps, endpoint, keepaliveSeconds }: WireguardPeer): readonly string[] {
  return [
    ...["peer", publicKey],
    ...(endpoint === undefined ? [] : ["endpoint", endpoint]),
    ...(keepaliveSeconds === undefined ? [] : ["persistent-keepalive", String(keepaliveSeconds)]),
    ...["allowed-ips", allowedIps.join(",")],
  ];
}
