// A tunnel as the watch sees it, with what a test wants different.
import type {
  PeerState,
  RouteObservation,
  TunnelObservation,
  WatchedGateway,
  WatchedTunnel,
} from "../../../agent/network/watch/watched-tunnel.ts";
import type { GatewayHealth } from "../../../agent/tunnel/health.ts";

export const OWN_KEY = "c2F0ZWxsaXRlLXB1YmxpYy1rZXktb2YtMzItYnl0ZXM=";
export const GATEWAY_KEY = "hIA3ikjlSOAo0qqrI+rXaS3ZH04nX7Q2YQ4m2Vxv7wc=";
const OTHER_KEY = "b3RoZXItcHVibGljLWtleS1vZi0zMi1ieXRlcy4uLi4=";

export function sampleGateway(changes: Partial<WatchedGateway> = {}): WatchedGateway {
  return { publicKey: GATEWAY_KEY, endpoint: "198.51.100.5:51820", address: "10.20.1.5", ...changes };
}

export function sampleTunnel(changes: Partial<WatchedTunnel> = {}): WatchedTunnel {
  return {
    interface: "es0",
    address: "10.250.0.11",
    gateways: [sampleGateway()],
    keepaliveSeconds: 15,
    vpcCidrs: ["10.20.0.0/16"],
    allowedIps: ["10.20.0.0/16", "10.100.0.0/16"],
    ...changes,
  };
}

export function sampleHealth(changes: Partial<GatewayHealth> = {}): GatewayHealth {
  return {
    gateway: "demo",
    you: { address: "10.250.0.11", node: "gpu-1", kubelet: "ok" },
    apiServers: [{ address: "10.20.1.10", reach: "ok" }],
    ...changes,
  };
}

export function samplePeer(changes: Partial<PeerState> = {}): PeerState {
  return { ownKey: OWN_KEY, handshakeMs: undefined, receivedBytes: 0, sentBytes: 1480, ...changes };
}

/** A gateway that is silent, and of which nothing more is known. */
export function silentTunnel(changes: Partial<TunnelObservation> = {}): TunnelObservation {
  return {
    nodeName: "gpu-1",
    interface: "es0",
    gateway: sampleGateway(),
    answer: { kind: "silent" },
    peer: samplePeer(),
    isHandshaken: false,
    hasAnswered: false,
    ...changes,
  };
}

/** All is well on the way. */
export function openRoute(changes: Partial<RouteObservation> = {}): RouteObservation {
  return {
    nodeName: "gpu-1",
    cluster: { name: "demo", region: "us-west-2" },
    address: "10.250.0.11",
    health: sampleHealth(),
    apiServers: [{ address: "10.20.1.10", fromGateway: "ok", fromHere: "ok" }],
    remoteNetworkProblem: undefined,
    ...changes,
  };
}

/** Keys that a gateway accepts, by node. */
export const KNOWN = { "gpu-1": OWN_KEY };
export const OUTDATED = { "gpu-1": OTHER_KEY };
