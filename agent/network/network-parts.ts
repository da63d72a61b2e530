// The node's way to the cluster's network, watched: the tunnel, the choice between two gateways, Services and names.
import { restartPlannedPeer } from "../apply/tunnel/restart-peer.ts";
import type { ClusterFacts } from "../aws/cluster.ts";
import type { ConditionBoard } from "../board/conditions.ts";
import type { Config } from "../config/schema.ts";
import type { NodeFacts } from "../facts/node-facts.ts";
import type { Host } from "../host/host.ts";
import type { NodeApi } from "../kubernetes/node-api.ts";
import type { Log } from "../log.ts";
import type { PlannedTunnel } from "../plan/tunnel/resources.ts";
import { carriedTunnel } from "./carried-tunnel.ts";
import type { Carrier } from "./carrier/carrier.ts";
import { type CarrierEvent, CarrierWatch } from "./carrier/carrier-watch.ts";
import { DnsCacheWatch } from "./dns/dns-cache-watch.ts";
import { PodNetworkWatch } from "./pods/pod-network-watch.ts";
import { StandbyKeys } from "./rotation/standby-keys.ts";
import { ServicesWatch } from "./services/services-watch.ts";
import type { TunnelPart } from "./tunnel-part.ts";
import { createTunnelUpkeep, type TunnelUpkeepEvent } from "./tunnel-upkeep.ts";
import { type TunnelEvent, TunnelWatch } from "./watch/tunnel-watch.ts";
import { watchedTunnels } from "./watch/watched-tunnel.ts";

export type NetworkEvent = CarrierEvent | TunnelEvent | TunnelUpkeepEvent;

export interface NetworkOptions {
  readonly host: Host;
  readonly log: Log;
  readonly board: ConditionBoard;
  readonly config: Config;
  readonly signal: AbortSignal;
  readonly api: () => NodeApi | undefined;
  readonly emit: (event: NetworkEvent) => void;
  readonly cluster: { readonly facts: ClusterFacts | undefined };
  readonly converger: {
    readonly tunnel: PlannedTunnel | undefined;
    readonly facts: NodeFacts | undefined;
  };
  readonly kubelet: { readonly state: { readonly ageMs: number | undefined } };
  readonly carrier: Carrier;
  readonly tunnel: TunnelPart;
}

/** Builds the watches. Nothing runs yet. */
export function createNetwork(options: NetworkOptions) {
  const { host, log, board, config, emit, cluster, converger, kubelet, carrier, tunnel: part } = options;
  const planned = () => converger.tunnel;
  const carrierWatch = new CarrierWatch({ host, log, emit, planned, carrier });
  const tunnel = () => carrierWatch.carrying;
  const standby = () => watchedTunnels(planned()).filter(({ interface: name }) => name !== tunnel()?.interface);
  return {
    carrierWatch,
    standbyKeys: new StandbyKeys({ host, emit, standby }),
    ...createTunnelUpkeep({ ...options, planned: () => carriedTunnel(planned()) }),
    podNetwork: new PodNetworkWatch({ host, config, board, tunnel: () => part.known, facts: () => converger.facts }),
    dnsCache: new DnsCacheWatch({
      ...{ host, config, board, facts: () => converger.facts, kubelet: () => kubelet.state },
    }),
    tunnelWatch: new TunnelWatch({
      ...{ host, log, board, config, emit, tunnel, cluster: () => cluster.facts },
      sizeProblem: () => part.foundMtus.problem,
      silentGateway: () => carrierWatch.silent,
      restartPeer: (publicKey) => restartPlannedPeer(host, planned()?.links ?? [], publicKey),
    }),
    services: new ServicesWatch({
      ...{ host, config, board, cluster: () => cluster.facts },
      machine: () => converger.facts?.machine,
      tunnelAddress: () => tunnel()?.address,
      kubelet: () => kubelet.state,
    }),
  };
}
