// The tunnel from end to end, and whether the control plane reaches kubelet's port: what the daemon's watch asks, asked once.
import type { Report } from "../../board/conditions.ts";
import type { Config } from "../../config/schema.ts";
import { KUBELET_PORT } from "../../facts/preflight.ts";
import { findRemoteNetworkProblem } from "../../facts/remote-network.ts";
import type { Host } from "../../host/host.ts";
import { readKnownTunnel } from "../../network/watch/known-tunnel.ts";
import { askApiServers, askGateway } from "../../network/watch/probes.ts";
import { diagnoseRoute } from "../../network/watch/route-diagnosis.ts";
import { diagnoseTunnel } from "../../network/watch/tunnel-diagnosis.ts";
import type { WatchedTunnel } from "../../network/watch/watched-tunnel.ts";
import { hasSession, readPeer } from "../../network/watch/wireguard-peer.ts";
import { type Check, configured, type Finding, fail, ok, pending, unknown, warn } from "../check.ts";
import type { CheckContext } from "../context.ts";
import { TUNNEL_KEY_CHECK } from "./tunnel-key-check.ts";
import { TUNNEL_MTU_CHECK } from "./tunnel-mtu-check.ts";

/** Addresses that are shown, of whatever number of connections. */
const MAX_PEERS = 5;

export const TUNNEL_CHECKS: readonly Check[] = [
  TUNNEL_KEY_CHECK,
  TUNNEL_MTU_CHECK,
  configured({
    name: "tunnel",
    checks: "the tunnel's interface is there, WireGuard shakes hands, and a gateway answers through it",
    run: (context, config) => withTunnel(context, config, async () => ok("the node has none"), checkTunnel),
  }),
  configured({
    name: "control-plane-route",
    checks:
      "an API server's address in the VPC answers through the tunnel, and the gateway reaches kubelet's port; without a tunnel a machine cannot see it, and the outcome is unknown",
    run: (context, config) => withTunnel(context, config, checkOwnWay, checkRoute),
  }),
];

/** Whether the node has a tunnel is known from the configuration, or from what the daemon has kept. */
async function withTunnel(
  context: CheckContext,
  config: Config,
  without: (context: CheckContext) => Promise<Finding>,
  within: (context: CheckContext, config: Config, tunnel: WatchedTunnel, standby?: WatchedTunnel) => Promise<Finding>,
): Promise<Finding> {
  const known = await readKnownTunnel(context.host, config);
  if (known === "none") return without(context);
  if (known === "gateway-missing")
    return fail(
      "this node has an entry for a tunnel, and no gateway is known, or none has an address",
      "An administrator: eks-satellite gateway check. A gateway that runs writes itself into the ConfigMap eks-satellite-gateways in kube-system.",
    );
  if (known !== "unknown") return within(context, config, known[0], known[1]);
  if ((await context.daemon()) !== undefined) return without(context);
  return pending(
    "whether the cluster has a tunnel for this node is not known yet",
    "the daemon asks the API server, and makes it",
  );
}

async function checkTunnel(
  { host }: CheckContext,
  { node }: Config,
  tunnel: WatchedTunnel,
  standby?: WatchedTunnel,
): Promise<Finding> {
  const { gateway } = tunnel;
  const [answer, peer, other] = await Promise.all([
    askGateway(host, gateway.address),
    readPeer(host, tunnel.interface, gateway.publicKey),
    standby && askGateway(host, standby.gateway.address),
  ]);
  const nowMs = host.clock.now();
  const report = diagnoseTunnel({
    ...{ nodeName: node.name, tunnel, answer, peer, isHandshaken: hasSession(peer, nowMs) },
    hasAnswered: (peer?.receivedBytes ?? 0) > 0,
    silent: standby === undefined || other?.kind === "answered" ? undefined : { ...standby.gateway, hasFailed: false },
  });
  if (answer.kind !== "answered") return toFinding(report);
  const age =
    peer?.handshakeMs === undefined ? "" : `, handshake ${Math.round((nowMs - peer.handshakeMs) / 1000)} s ago`;
  const { message, hint } = report;
  if (hint !== undefined) return warn(message, hint);
  return ok(`${message} in ${Math.round(answer.latencyMs)} ms${age}`);
}

async function checkRoute(
  { host, knownCluster }: CheckContext,
  { node }: Config,
  tunnel: WatchedTunnel,
): Promise<Finding> {
  const cluster = await knownCluster().catch(() => undefined);
  if (cluster === undefined) return unknown("the cluster is not known: see describe-cluster");
  const answer = await askGateway(host, tunnel.gateway.address);
  const health = answer.kind === "answered" ? answer.health : undefined;
  const report = diagnoseRoute({
    ...{ nodeName: node.name, cluster, address: tunnel.address, health },
    apiServers: health === undefined ? [] : await askApiServers(host, health, tunnel.vpcCidrs, cluster),
    remoteNetworkProblem: node.identity === "hybrid" ? findRemoteNetworkProblem(cluster, tunnel.address) : undefined,
  });
  return toFinding(report);
}

/** Another VPN may bring the way. Who is connected to kubelet's port now says something, and proves nothing. */
async function checkOwnWay({ host }: CheckContext): Promise<Finding> {
  const peers = await readPeersOfKubelet(host);
  const connected = peers.length === 0 ? "" : `; connected to it now: ${peers.slice(0, MAX_PEERS).join(", ")}`;
  return unknown(
    `whether the control plane reaches this machine's port ${KUBELET_PORT} cannot be checked from here${connected}`,
    "Without a route from the cluster's VPC (a gateway, VPN, transit gateway) kubectl logs, exec and webhooks do not work on this node; pods do: docs/how-to/own-vpn.md.",
  );
}

/** ss(8): state, two queues, the local and the other address. */
async function readPeersOfKubelet(host: Host): Promise<readonly string[]> {
  const args = ["--no-header", "--tcp", "--numeric", "state", "established", `( sport = :${KUBELET_PORT} )`];
  const answer = await host.run("ss", args, { timeoutSeconds: 3 }).catch(() => undefined); // There may be no iproute2.
  const lines = answer?.exitCode === 0 ? answer.stdout.split("\n") : [];
  const addresses = lines.flatMap(
    (line) => /\s\[?(?:::ffff:)?([0-9a-f.:]{2,45}?)\]?:\d{1,5}\s*$/.exec(line)?.[1] ?? [],
  );
  return [...new Set(addresses.filter((address) => !/^(?:127\.|::1$)/.test(address)))].toSorted();
}

function toFinding({ status, message, hint }: Report): Finding {
  if (status === "True") return ok(message);
  return status === "False" && hint !== undefined ? fail(message, hint) : unknown(message, hint);
}
