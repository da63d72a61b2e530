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
  return {
    name: "gateway-1",
    publicKey: GATEWAY_KEY,
    endpoint: "198.51.100.5:51820",
    address: "10.20.1.5",
    ...changes,
  };
}

/** The sample tunnel to a gateway that differs from the sample. */
export function tunnelTo(changes: Partial<WatchedGateway>): WatchedTunnel {
  return sampleTunnel({ gateway: sampleGateway(changes) });
}

export function sampleTunnel(changes: Partial<WatchedTunnel> = {}): WatchedTunnel {
  return {
    interface: "es0",
    address: "10.250.0.11",
    gateway: sampleGateway(),
    vpcCidrs: ["10.20.0.0/16"],
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
    tunnel: sampleTunnel(),
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

export const PRIVATE_KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

/** What `wg show es0 dump` prints; no handshake yet by default. */
export function dumpOf({ handshakeSeconds = 0, receivedBytes = 92 } = {}): string {
  const peer = [GATEWAY_KEY, "(none)", "198.51.100.5:51820", "10.20.0.0/16", handshakeSeconds, receivedBytes, 1480, 15];
  return `${PRIVATE_KEY}\t${OWN_KEY}\t41414\toff\n${peer.join("\t")}\n`;
}
