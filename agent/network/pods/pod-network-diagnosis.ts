// Why pods get no address, or have no way, from what was read: the cause that hides the others comes first.
import { type Report, reportOf } from "../../board/conditions.ts";
import { PATHS, POD_ADDRESSES_FOLDER } from "../../config/paths.ts";
import type { TunnelFacts } from "../../facts/tunnel/tunnel-facts.ts";
import type { PodNetwork } from "../../plan/pods/pod-network.ts";
import { podCapacity } from "../../plan/pods/prefix.ts";
import { FIREWALL_CHAIN } from "../../tunnel/names.ts";
import type { PodNetworkObservation } from "./pod-network-reader.ts";

type Planned = Extract<PodNetwork, { kind: "planned" }>;
type Finding = Omit<Report, "status">;

/** The state of PodNetworkReady where no address is planned. @param tunnel why that may be another condition's business */
export function diagnoseUnplanned(network: Exclude<PodNetwork, Planned>, tunnel: TunnelFacts | undefined): Report {
  switch (network.kind) {
    case "unused":
      return { status: "True", reason: "NotUsed", message: network.message, isQuiet: true };
    case "unknown":
      return {
        status: "Unknown",
        reason: "NotAsked",
        message: "the cluster has not been asked yet which addresses this node's pods have",
        isQuiet: true,
      };
    case "lacking":
      // A tunnel that cannot be set is TunnelConfigured's business.
      return tunnel?.kind === "damaged" || (tunnel?.kind === "wanted" && network.problem.code !== "pod-prefix-missing")
        ? {
            status: "Unknown",
            reason: "TunnelNotConfigured",
            message: `${network.problem.message}: see TunnelConfigured`,
          }
        : { status: "False", ...reportOf(network.problem) };
  }
}

/** The state of PodNetworkReady where addresses are planned. */
export function diagnosePodNetwork(network: Planned, observation: PodNetworkObservation): Report {
  const failure = findConfig(observation) ?? findForward(observation) ?? findFull(network, observation);
  if (failure !== undefined) return { status: "False", ...failure };
  const { networks, mtu } = network;
  return { status: "True", reason: "Ready", message: `pods get addresses of ${networks.join(", ")}, with MTU ${mtu}` };
}

function findConfig({ missingPlugins, folders, config }: PodNetworkObservation): Finding | undefined {
  if (missingPlugins.length > 0)
    return {
      reason: "CniPluginMissing",
      message: `the CNI plugins ${missingPlugins.join(", ")} are not in ${folders.join(", ")}: no pod with an address starts`,
      hint: `Unpack github.com/containernetworking/plugins into ${folders[0] ?? PATHS.cniBinFolder}; with artifacts.install: auto the daemon installs EKS's when the folder has no loopback.`,
    };
  const own = PATHS.podConfig.slice(PATHS.cniConfigFolder.length + 1);
  if (config === own) return undefined;
  if (config === undefined)
    return {
      reason: "CniConfigMissing",
      message: `${PATHS.podConfig} is not there`,
      hint: "The daemon writes it in each round: ConfigInSync says what keeps it from that.",
    };
  return {
    reason: "CniConfigForeign",
    message: `containerd takes ${PATHS.cniConfigFolder}/${config}, which comes before ${own}: pods get no address of this node's`,
    hint: `Another CNI plugin wrote it. Remove the plugin from this node and then the file, or set network.cni: none.`,
  };
}

function findForward({ isForwarding, forward }: PodNetworkObservation): Finding | undefined {
  if (!isForwarding)
    return {
      reason: "ForwardDropped",
      message: "net.ipv4.ip_forward is 0: nothing passes between pods and the network",
      hint: "The daemon sets it in each round. sysctl --system; find what unsets it: grep -rs ip_forward /etc/sysctl.d /etc/sysctl.conf.",
    };
  if (forward === undefined) return undefined;
  const { hasFilterJump, hasNatJump, dropsBefore } = forward;
  if (!hasFilterJump || dropsBefore !== undefined)
    return {
      reason: "ForwardDropped",
      message: hasFilterJump
        ? `a rule before the chain ${FIREWALL_CHAIN} drops what pods send and get: ${dropsBefore}`
        : `iptables' FORWARD does not lead to the chain ${FIREWALL_CHAIN}: a firewall, or Docker, drops what pods send and get`,
      hint: "iptables -S FORWARD. The daemon puts its chain first when it is missing; where another program puts rules before it, that program must let pods pass.",
    };
  if (hasNatJump) return undefined;
  return {
    reason: "MasqueradeMissing",
    message: `iptables' POSTROUTING does not lead to the chain ${FIREWALL_CHAIN}: pods do not reach the internet`,
    hint: "iptables -t nat -S POSTROUTING. The daemon sets it again; find what flushes the table: a firewall that is reloaded, as a rule.",
  };
}

function findFull({ networks }: Planned, { used }: PodNetworkObservation): Finding | undefined {
  const capacity = podCapacity(networks);
  if (used < capacity) return undefined;
  return {
    reason: "PrefixFull",
    message: `all ${capacity} addresses of ${networks.join(", ")} are given: the next pod gets none`,
    hint: `kubelet takes no more pods than there are addresses, so some belong to pods that are gone: each file in ${POD_ADDRESSES_FOLDER} names its container. Drain the node, then remove the files that are left.`,
  };
}
