// What WireGuard knows of the gateway: when it last shook hands, and how much went either way.
import type { Host } from "../../host/host.ts";
import { readWireguard } from "../../tunnel/wireguard-device.ts";
import type { PeerState } from "./watched-tunnel.ts";

/** WireGuard's REJECT_AFTER_TIME: the keys of an older handshake are void. */
const SESSION_MS = 180_000;

/** Reads the state of one peer; undefined where the interface, the peer or wg(8) is missing. */
export async function readPeer(host: Host, name: string, publicKey: string): Promise<PeerState | undefined> {
  const seen = await readWireguard(host, name).catch(() => undefined); // TunnelConfigured says what is missing.
  const peer = seen?.peers.get(publicKey);
  if (seen?.publicKey === undefined || peer === undefined) return undefined;
  const { handshakeSeconds, receivedBytes, sentBytes } = peer;
  return {
    ownKey: seen.publicKey,
    handshakeMs: handshakeSeconds === undefined ? undefined : handshakeSeconds * 1000,
    receivedBytes,
    sentBytes,
  };
}

/** Whether the keys of the last handshake can still be in force. */
export function hasSession(peer: PeerState | undefined, nowMs: number): boolean {
  return peer?.handshakeMs !== undefined && nowMs - peer.handshakeMs < SESSION_MS;
}
