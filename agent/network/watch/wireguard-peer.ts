// `wg show INTERFACE dump`: what WireGuard knows of a peer. The private key in its first field goes no further.
import type { Host } from "../../host/host.ts";
import type { PeerState } from "./watched-tunnel.ts";

const TIMEOUT_SECONDS = 5;

/** Reads the state of one peer; undefined where the interface, the peer or wg(8) is missing. */
export async function readPeer(host: Host, name: string, publicKey: string): Promise<PeerState | undefined> {
  const answer = await host
    .run("wg", ["show", name, "dump"], { timeoutSeconds: TIMEOUT_SECONDS })
    .catch(() => undefined); // TunnelConfigured reports that there is no wg, or that it hangs.
  return answer?.exitCode === 0 ? parsePeer(answer.stdout, publicKey) : undefined;
}

/** Columns of the first line: private key, public key, port, mark; of a peer's: key, preshared key, endpoint, allowed IPs, handshake, received, sent, keepalive. */
export function parsePeer(dump: string, publicKey: string): PeerState | undefined {
  const [own = [], ...peers] = dump.split("\n").map((line) => line.split("\t"));
  const [, ownKey] = own;
  const [, , , , handshake, received, sent] = peers.find(([key]) => key === publicKey) ?? [];
  const [handshakeSeconds, receivedBytes, sentBytes] = [handshake, received, sent].map(Number);
  if (ownKey === undefined || handshakeSeconds === undefined || receivedBytes === undefined || sentBytes === undefined)
    return undefined;
  if (![handshakeSeconds, receivedBytes, sentBytes].every(Number.isSafeInteger)) return undefined;
  return {
    ownKey,
    handshakeMs: handshakeSeconds === 0 ? undefined : handshakeSeconds * 1000,
    receivedBytes,
    sentBytes,
  };
}
