// What the watch needs to know of a tunnel, and what it finds out: the inputs of the diagnosis.
import type { WantedTunnel } from "../../facts/tunnel/tunnel-facts.ts";
import type { PlannedTunnel, TunnelResource } from "../../plan/tunnel/resources.ts";
import type { GatewayHealth, Reach } from "../../tunnel/health.ts";

export interface WatchedGateway {
  readonly name: string;
  readonly publicKey: string;
  /** `ADDRESS:PORT` or `NAME:PORT`. */
  readonly endpoint: string;
  /** In the VPC, where its health is asked. */
  readonly address: string;
  /** The keys that it says it accepts, by node; undefined where it says nothing, as with a static tunnel. */
  readonly peers?: Readonly<Record<string, string>> | undefined;
}

/** A tunnel as it is planned. */
export interface WatchedTunnel {
  readonly interface: string;
  /** The node's own, in the tunnel. */
  readonly address: string;
  readonly gateway: WatchedGateway;
  /** An API server's address lies in one of them. */
  readonly vpcCidrs: readonly string[];
}

/** The tunnels of a plan whose gateways can be peers, that of the carrier first. */
export function watchedTunnels(planned: PlannedTunnel | undefined): readonly WatchedTunnel[] {
  if (planned === undefined) return [];
  const { wanted, links } = planned;
  return links.flatMap((link) => toWatched(wanted, link));
}

function toWatched(wanted: WantedTunnel, { interface: name, peers }: TunnelResource): readonly WatchedTunnel[] {
  const gateway = wanted.gateways.find(({ publicKey }) => publicKey === peers[0]?.publicKey);
  if (gateway === undefined) return [];
  return [{ interface: name, address: wanted.address, gateway, vpcCidrs: wanted.vpcCidrs }];
}

/** What WireGuard knows of the gateway. */
export interface PeerState {
  /** This machine's public key. */
  readonly ownKey: string;
  /** Milliseconds since the epoch; undefined before the first handshake. */
  readonly handshakeMs: number | undefined;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** How a question through the tunnel ends. `foreign`: what answers is something else. */
export type GatewayAnswer =
  | { readonly kind: "answered"; readonly health: GatewayHealth; readonly latencyMs: number }
  | { readonly kind: "refused" | "silent" | "foreign" };

/** The gateway that does not carry the traffic, while it is silent; `hasFailed`: it was left for that. */
export interface SilentGateway {
  readonly name: string;
  readonly endpoint: string;
  readonly hasFailed: boolean;
}

export interface TunnelObservation {
  readonly nodeName: string;
  readonly tunnel: WatchedTunnel;
  readonly answer: GatewayAnswer;
  /** Undefined where the interface or the peer is missing. */
  readonly peer: PeerState | undefined;
  /** Whether the keys of the last handshake can still be in force. */
  readonly isHandshaken: boolean;
  /** Whether it has answered before, as far as is known. */
  readonly hasAnswered: boolean;
  readonly silent?: SilentGateway | undefined;
}

/** An API server's address in the VPC. */
export interface ApiServerReach {
  readonly address: string;
  readonly fromGateway: Reach;
  /** Undefined while it is not tried, or where it is no address of the VPC's. */
  readonly fromHere: Reach | "foreign" | undefined;
}

export interface RouteObservation {
  readonly nodeName: string;
  readonly cluster: { readonly name: string; readonly region: string };
  /** The node's address in the tunnel. */
  readonly address: string;
  /** Undefined while no gateway answers. */
  readonly health: GatewayHealth | undefined;
  readonly apiServers: readonly ApiServerReach[];
  /** The cluster's remote networks lack this node's address. */
  readonly remoteNetworkProblem: { readonly message: string; readonly hint: string | undefined } | undefined;
}

/** What was found behind the tunnel when it was asked last. */
export interface SeenBehind {
  readonly answer: GatewayAnswer;
  readonly apiServers: readonly ApiServerReach[];
}
