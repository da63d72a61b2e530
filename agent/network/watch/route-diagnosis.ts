// Whether the control plane and this node reach each other, and which step of the way is missing.
import type { ClusterFacts } from "../../aws/cluster.ts";
import type { Report } from "../../board/conditions.ts";
import type { Config } from "../../config/schema.ts";
import { KUBELET_PORT } from "../../facts/preflight.ts";
import { findRemoteNetworkProblem } from "../../facts/remote-network.ts";
import { cutText, oneLine, withoutControls } from "../../foreign-text.ts";
import type { GatewayProblemCode } from "../../tunnel/health.ts";
import type { ApiServerReach, RouteObservation } from "./watched-tunnel.ts";

const MAX_MESSAGE_CHARACTERS = 300;

type Finding = Omit<Report, "status">;

/** What the gateway sees in AWS, as a condition says it. */
const PROBLEMS: Readonly<Record<GatewayProblemCode, Pick<Finding, "reason">>> = {
  "remote-network-missing": { reason: "RemoteNetworkMissing" },
  "vpc-route-missing": { reason: "VpcRouteMissing" },
  "route-blackhole": { reason: "VpcRouteMissing" },
  "route-elsewhere": { reason: "VpcRouteMissing" },
  "security-group-closed": { reason: "SecurityGroupClosed" },
  "cluster-security-group-closed": { reason: "SecurityGroupClosed" },
  "source-dest-check-on": { reason: "SourceDestCheckOn" },
};

/** The state of ControlPlaneRoute. */
export function diagnoseRoute(observation: RouteObservation): Report {
  const { health, remoteNetworkProblem } = observation;
  if (remoteNetworkProblem !== undefined) {
    const { message, hint = checkOf(observation) } = remoteNetworkProblem;
    return { status: "False", reason: "RemoteNetworkMissing", message, hint };
  }
  if (health === undefined)
    return { status: "Unknown", reason: "NotAsked", message: "no gateway answers that could say it: see TunnelUp" };
  const failure = findSilence(observation) ?? findKubelet(observation);
  if (failure !== undefined) return { status: "False", ...failure };
  return describeSuccess(observation);
}

/** Without a tunnel of ours: another VPN may bring the route, and only the way back is known here. */
export function describeRouteWithoutTunnel(
  { network, node }: Pick<Config, "network" | "node">,
  cluster: ClusterFacts | undefined,
): Report {
  const ip = node.ip;
  const isOwnVpn = network.tunnel.mode === "off" && node.identity === "hybrid" && ip !== undefined;
  if (isOwnVpn && cluster?.remoteNetworks !== undefined && findRemoteNetworkProblem(cluster, ip) === undefined)
    return {
      status: "Unknown",
      reason: "NotProven",
      message: `EKS sends to ${ip}, and whether it arrives at port ${KUBELET_PORT} cannot be seen from here`,
      hint: "kubectl logs of a pod on this node proves it. docs/how-to/own-vpn.md has what your VPN must do.",
    };
  return { status: "True", reason: "NotUsed", message: "the node has no tunnel" };
}

/** An API server that does not answer from here. The gateway's own look names the cause where it may look. */
function findSilence(observation: RouteObservation): Finding | undefined {
  const { apiServers, address } = observation;
  const foreign = apiServers.find(({ fromHere }) => fromHere === "foreign");
  if (foreign !== undefined)
    return {
      reason: "ApiServerForeign",
      message: `what answers on ${foreign.address}:443 has no certificate of the cluster's CA: it is not its API server`,
      hint: checkOf(observation),
    };
  const silent = apiServers.find(isSilent);
  if (silent === undefined) return undefined;
  const known = findProblem(observation);
  if (known !== undefined) return known;
  const where =
    silent.fromGateway === "ok"
      ? `the gateway reaches it, so the way back to ${address} is missing: a route of the VPC, the source/dest check of the gateway's network interface, or port 443 in the security group`
      : "neither does it answer the gateway: its security group does not let the gateway in";
  return {
    reason: "ApiServerSilent",
    message: `the API server's address ${silent.address} does not answer from ${address}; ${where}`,
    hint: checkOf(observation),
  };
}

/** The gateway's word on kubelet's port: another cause than those in AWS. */
function findKubelet(observation: RouteObservation): Finding | undefined {
  const { health, address } = observation;
  const kubelet = health?.you.kubelet;
  if (kubelet === undefined || kubelet === "ok") return undefined;
  return {
    reason: "KubeletUnreachable",
    message:
      kubelet === "refused"
        ? `the gateway's connection to ${address}:${KUBELET_PORT} is refused: kubelet does not listen there`
        : `the gateway gets no answer from ${address}:${KUBELET_PORT}: a firewall of this machine drops what comes from the VPC`,
    hint: `ss -ltn sport = :${KUBELET_PORT}; iptables -S INPUT; nft list ruleset: TCP ${KUBELET_PORT} must be allowed in from the VPC.`,
  };
}

function findProblem(observation: RouteObservation): Finding | undefined {
  for (const { code, message } of observation.health?.problems ?? []) {
    if (!Object.hasOwn(PROBLEMS, code)) continue;
    const { reason } = PROBLEMS[code as GatewayProblemCode];
    return { reason, message: shown(message), hint: checkOf(observation) };
  }
  return undefined;
}

function describeSuccess({ apiServers, health, address }: RouteObservation): Report {
  const reached = apiServers.filter(({ fromHere }) => fromHere === "ok");
  if (reached.length === 0 || health?.you.kubelet === undefined)
    return {
      status: "Unknown",
      reason: "NotProven",
      message:
        reached.length === 0
          ? "the gateway names no API server's address in the VPC that could be tried"
          : `the gateway has not tried ${address}:${KUBELET_PORT} yet`,
    };
  const [problem] = health.problems ?? [];
  const also = problem === undefined ? "" : `; the gateway also says: ${shown(problem.message)}`;
  return {
    status: "True",
    reason: "Reachable",
    message: `the API server answers on ${reached.map((server) => server.address).join(", ")}, and the gateway reaches ${address}:${KUBELET_PORT}${also}`,
  };
}

function isSilent({ fromHere }: ApiServerReach): boolean {
  return fromHere === "silent" || fromHere === "refused";
}

function checkOf({ cluster, nodeName }: RouteObservation): string {
  return `An administrator: eks-satellite gateway check --cluster ${cluster.name} --region ${cluster.region} --node-name ${nodeName}`;
}

function shown(message: string): string {
  return oneLine(withoutControls(cutText(message, MAX_MESSAGE_CHARACTERS)));
}
