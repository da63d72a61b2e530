import assert from "node:assert/strict";
import { test } from "node:test";
import { tunnelMetrics } from "../../../agent/network/watch/tunnel-report.ts";
import { samplePeer } from "./samples.ts";

test("what is not known has no sample, and the counters begin at 0", () => {
  const knocks = { misses: 0, peerRestarts: 0, latencyMs: undefined };
  const shown = (families: ReturnType<typeof tunnelMetrics>) =>
    Object.fromEntries(families.map(({ name, samples }) => [name, samples().map(({ value }) => value)]));
  assert.deepEqual(shown(tunnelMetrics(() => ({ knocks, peer: undefined, traffic: undefined }))), {
    eks_satellite_tunnel_latency_seconds: [],
    eks_satellite_tunnel_misses_total: [0],
    eks_satellite_tunnel_peer_restarts_total: [0],
    eks_satellite_tunnel_handshake_timestamp_seconds: [],
    eks_satellite_tunnel_received_bytes_total: [],
    eks_satellite_tunnel_sent_bytes_total: [],
  });
  const known = tunnelMetrics(() => ({
    knocks: { misses: 3, peerRestarts: 1, latencyMs: 12 },
    peer: samplePeer({ handshakeMs: 5000 }),
    traffic: { receivedBytes: 7, sentBytes: 8 },
  }));
  assert.deepEqual(Object.values(shown(known)), [[0.012], [3], [1], [5], [7], [8]]);
});
