// The tunnel's numbers for /metrics, and the interface's counters, which a peer that is set anew does not put back to zero.
import { type Family, family, type Sample, timestamp } from "../../board/metric-family.ts";
import type { Traffic } from "../../facts/network-devices.ts";
import type { PeerState } from "./watched-tunnel.ts";

interface Numbers {
  readonly knocks: { readonly misses: number; readonly peerRestarts: number; readonly latencyMs: number | undefined };
  readonly peer: PeerState | undefined;
  readonly traffic: Traffic | undefined;
}

/** The families; without a tunnel they have no samples but those of the counters. */
export function tunnelMetrics(read: () => Numbers): readonly Family[] {
  return [
    family("gauge", "tunnel_latency_seconds", "From the last knock that the gateway answered to its answer.", () =>
      known(read().knocks.latencyMs, 1000),
    ),
    family("counter", "tunnel_misses_total", "Knocks that the gateway did not answer.", () => [
      { value: read().knocks.misses },
    ]),
    family(
      "counter",
      "tunnel_peer_restarts_total",
      "Times that the gateway's peer was set anew, since nothing answered.",
      () => [{ value: read().knocks.peerRestarts }],
    ),
    family(
      "gauge",
      "tunnel_handshake_timestamp_seconds",
      "When WireGuard last shook hands with the gateway. It is read every ten minutes, and while the gateway is silent.",
      () => timestamp(read().peer?.handshakeMs),
    ),
    family(
      "counter",
      "tunnel_received_bytes_total",
      "Bytes that came out of the tunnel, since its interface was made.",
      () => known(read().traffic?.receivedBytes),
    ),
    family("counter", "tunnel_sent_bytes_total", "Bytes that went into the tunnel, since its interface was made.", () =>
      known(read().traffic?.sentBytes),
    ),
  ];
}

function known(value: number | undefined, divisor = 1): readonly Sample[] {
  return value === undefined ? [] : [{ value: value / divisor }];
}
