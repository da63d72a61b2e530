// The gateway's numbers for Prometheus. Of each peer: handshake, bytes, and whether kubelet's port answered last.
import { type Family, family, type Sample } from "../board/metric-family.ts";
import type { Reach } from "../tunnel/health.ts";
import type { SeenWireguard } from "../tunnel/wireguard-config.ts";
import type { AcceptedPeer } from "./peers/accepted-peers.ts";

export interface GatewayNumbers {
  readonly peers: readonly AcceptedPeer[];
  readonly refused: number;
  readonly waiting: number;
  /** Undefined before the interface was read. */
  readonly seen: SeenWireguard | undefined;
  /** Seconds since the epoch. */
  readonly nowSeconds: number;
  readonly kubelet: (peer: AcceptedPeer) => Reach | undefined;
  readonly syncs: number;
  readonly changes: number;
  readonly lastSyncSeconds: number;
  readonly isFollowed: boolean;
  /** Milliseconds since the epoch. */
  readonly keyMadeMs: number | undefined;
  readonly keyRotations: number;
}

type Row = readonly [name: string, help: string, value: (numbers: GatewayNumbers) => number];

const GAUGES: readonly Row[] = [
  ["gateway_peers", "Nodes that the gateway accepts.", ({ peers }) => peers.length],
  ["gateway_entries_refused", "Entries of nodes that are refused; the log names each.", ({ refused }) => refused],
  ["gateway_entries_waiting", "Nodes with an entry that have said no key yet.", ({ waiting }) => waiting],
  [
    "gateway_api_reachable",
    "Whether the API server answers every question; 0: the peers stay as they are.",
    ({ isFollowed }) => Number(isFollowed),
  ],
  [
    "gateway_key_made_timestamp_seconds",
    "When the gateway's key was made.",
    ({ keyMadeMs }) => (keyMadeMs ?? 0) / 1000,
  ],
  [
    "gateway_sync_seconds",
    "How long the last round of gateway_syncs_total took.",
    ({ lastSyncSeconds }) => lastSyncSeconds,
  ],
];

const COUNTERS: readonly Row[] = [
  ["gateway_syncs_total", "Rounds that compared the machine with the cluster.", ({ syncs }) => syncs],
  ["gateway_key_rotations_total", "Times that the gateway's key was changed.", ({ keyRotations }) => keyRotations],
  ["gateway_sync_changes_total", "Rounds that wrote something.", ({ changes }) => changes],
];

/** Families that read the numbers anew at each scrape. */
export function gatewayFamilies(read: () => GatewayNumbers): readonly Family[] {
  const toFamily =
    (type: "gauge" | "counter") =>
    ([name, help, value]: Row) =>
      family(type, name, help, () => [{ value: value(read()) }]);
  return [...GAUGES.map(toFamily("gauge")), ...COUNTERS.map(toFamily("counter")), ...peerFamilies(read)];
}

function peerFamilies(read: () => GatewayNumbers): readonly Family[] {
  const seenOf = ({ seen }: GatewayNumbers, { publicKey }: AcceptedPeer) => seen?.peers.get(publicKey);
  return [
    peerFamily(
      read,
      "gateway_peer_handshake_age_seconds",
      "Since the node's last handshake; absent before the first one. A node that speaks makes one every two minutes.",
      (peer, numbers) => {
        const { handshakeSeconds } = seenOf(numbers, peer) ?? {};
        return handshakeSeconds === undefined ? undefined : Math.max(0, numbers.nowSeconds - handshakeSeconds);
      },
    ),
    peerFamily(
      read,
      "gateway_peer_received_bytes_total",
      "Received from the node.",
      (peer, numbers) => seenOf(numbers, peer)?.receivedBytes,
    ),
    peerFamily(
      read,
      "gateway_peer_sent_bytes_total",
      "Sent to the node.",
      (peer, numbers) => seenOf(numbers, peer)?.sentBytes,
    ),
    peerFamily(
      read,
      "gateway_peer_kubelet_reachable",
      "Whether the node's port 10250 answered the gateway last; absent before the node asked for it.",
      (peer, { kubelet }) => {
        const reach = kubelet(peer);
        return reach === undefined ? undefined : Number(reach === "ok");
      },
    ),
  ];
}

/** One sample for each peer whose value is known. */
function peerFamily(
  read: () => GatewayNumbers,
  name: string,
  help: string,
  value: (peer: AcceptedPeer, numbers: GatewayNumbers) => number | undefined,
): Family {
  const type = name.endsWith("_total") ? "counter" : "gauge";
  return family(type, name, help, () => {
    const numbers = read();
    return numbers.peers.flatMap((peer): readonly Sample[] => {
      const known = value(peer, numbers);
      return known === undefined ? [] : [{ value: known, labels: { node: peer.node } }];
    });
  });
}
