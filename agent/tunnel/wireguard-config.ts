// wg(8)'s two texts: the configuration that `wg syncconf` takes, and the dump that `wg show NAME dump` prints.
import type { Secret } from "../secret.ts";

export interface WireguardPeer {
  readonly publicKey: string;
  /** Networks in CIDR form, sorted as {@link sortNetworks} does. */
  readonly allowedIps: readonly string[];
  /** ADDRESS:PORT. A gateway has none: it learns where a peer is from what the peer sends. */
  readonly endpoint?: string;
  readonly keepaliveSeconds?: number;
}

export interface WireguardConfig {
  readonly privateKey: Secret;
  /** Left out: the kernel chooses a port. */
  readonly listenPort?: number;
  readonly peers: readonly WireguardPeer[];
}

/** A peer as the interface has it. */
export interface SeenPeer extends WireguardPeer {
  /** Seconds since the epoch; undefined before the first one. */
  readonly handshakeSeconds?: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

export interface SeenWireguard {
  /** Undefined while the interface has no key. */
  readonly publicKey: string | undefined;
  readonly listenPort: number;
  /** By public key. */
  readonly peers: ReadonlyMap<string, SeenPeer>;
}

/** Renders the configuration. The text holds the private key: it belongs into a file of mode 0600. */
export function renderWireguardConfig({ privateKey, listenPort, peers }: WireguardConfig): string {
  const lines = ["[Interface]", `PrivateKey = ${privateKey.reveal()}`];
  if (listenPort !== undefined) lines.push(`ListenPort = ${listenPort}`);
  for (const { publicKey, allowedIps, endpoint, keepaliveSeconds } of peers) {
    lines.push("", "[Peer]", `PublicKey = ${publicKey}`);
    if (allowedIps.length > 0) lines.push(`AllowedIPs = ${allowedIps.join(", ")}`);
    if (endpoint !== undefined) lines.push(`Endpoint = ${endpoint}`);
    if (keepaliveSeconds !== undefined) lines.push(`PersistentKeepalive = ${keepaliveSeconds}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Reads the dump: a line for the interface, then one for each peer, fields by tabs. Undefined where the text is none. */
export function parseWireguardDump(text: string): SeenWireguard | undefined {
  const [first = "", ...lines] = text.trimEnd().split("\n");
  const [, publicKey, listenPort, mark, ...more] = first.split("\t");
  if (publicKey === undefined || listenPort === undefined || mark === undefined || more.length > 0) return undefined;
  const peers = lines.map(parsePeer);
  if (!peers.every((peer) => peer !== undefined)) return undefined;
  return {
    publicKey: publicKey === NONE ? undefined : publicKey,
    listenPort: Number(listenPort),
    peers: new Map(peers.map((peer) => [peer.publicKey, peer])),
  };
}

const NONE = "(none)";

function parsePeer(line: string): SeenPeer | undefined {
  const [publicKey, , endpoint, allowedIps, handshake, received, sent, keepalive] = line.split("\t");
  if (publicKey === undefined || endpoint === undefined || allowedIps === undefined || keepalive === undefined)
    return undefined;
  return {
    publicKey,
    allowedIps: allowedIps === NONE ? [] : sortNetworks(allowedIps.split(",")),
    receivedBytes: Number(received),
    sentBytes: Number(sent),
    ...(endpoint === NONE ? {} : { endpoint }),
    ...(handshake === "0" ? {} : { handshakeSeconds: Number(handshake) }),
    ...(keepalive === "off" ? {} : { keepaliveSeconds: Number(keepalive) }),
  };
}

/** By text: wg prints them in an order of its own. */
export function sortNetworks(networks: readonly string[]): readonly string[] {
  return networks.toSorted();
}
