// The tunnel's numbers for /metrics, and the interface's counters, which a peer that is set anew does not put back to zero.
import { type Family, family, type Sample, timestamp } from "../../board/metric-family.ts";
import type { Host } from "../../host/host.ts";
import type { PeerState } from "./watched-tunnel.ts";

export interface Traffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

interface Numbers {
  readonly knocks: { readonly misses: number; readonly peerRestarts: number; readonly latencyMs: number | undefined };
  readonly peer: PeerState | undefined;
  readonly traffic: Traffic | undefined;
}

/** What has passed through the interface since it was made; undefined where there is none. */
export async function readTraffic(host: Host, name: string): Promise<Traffic | undefined> {
  const counter = (direction: string) => host.files.read(`/sys/class/net/${name}/statistics/${direction}_bytes`);
  const [received, sent] = await Promise.all([counter("rx"), counter("tx")]);
  if (received === undefined || sent === undefined) return undefined;
  return { receivedBytes: Number(received), sentBytes: Number(sent) };
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
      "When WireGuard last shook hands with the gateway. It is read every five minutes, and while the gateway is silent.",
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
