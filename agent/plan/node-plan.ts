// The whole node on one screen: (Config, Facts) → what must be true of this machine, and the kubelet to run on it.

import { lt } from "semver";
import type { ClusterFacts } from "../aws/cluster.ts";
import { PATHS, runPaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { ContainerdFacts } from "../facts/containerd.ts";
import { MIN_CONTAINERD, outdatedContainerd } from "../facts/cri.ts";
import type { DnsFacts } from "../facts/dns/dns-facts.ts";
import type { MachineFacts } from "../facts/machine.ts";
import type { TunnelFacts, WantedTunnel } from "../facts/tunnel/tunnel-facts.ts";
import { FIREWALL_CHAIN, TUNNEL_INTERFACES } from "../tunnel/names.ts";
import { renderCniConfig } from "./cni-config.ts";
import { type ContainerdOptions, checkEffective, renderContainerdConfig } from "./containerd-config.ts";
import { renderCredentialProviderConfig } from "./credential-provider.ts";
import { dnsCachePlaces, planDnsCache, planKubeletDns } from "./dns/dns-cache.ts";
import { renderKubeconfig } from "./kubeconfig.ts";
import { renderKubeletConfig } from "./kubelet-config.ts";
import { renderKubeletFlags } from "./kubelet-flags.ts";
import { renderConflist } from "./pods/conflist.ts";
import { decidePodNetwork, maxPodsOf, type PodNetwork } from "./pods/pod-network.ts";
import { hostsPath, renderHosts } from "./registries.ts";
import { plannedFile, type Resource } from "./resource.ts";
import { planKernel } from "./sysctls.ts";
import { decideTunnel, planTunnel, tunnelAddress } from "./tunnel/tunnel-plan.ts";

/** Everything that the plan follows from; what is undefined is not known yet, and what needs it is left out. */
export interface Facts {
  readonly machine: MachineFacts;
  readonly cluster: ClusterFacts | undefined;
  readonly containerd: ContainerdFacts | undefined;
  /** E.g. `1.34.4`. */
  readonly kubeletVersion: string | undefined;
  readonly tunnel?: TunnelFacts | undefined;
  readonly dns?: DnsFacts | undefined;
}

export interface KubeletCommand {
  readonly path: string;
  readonly args: readonly string[];
  /** Another version is another kubelet: what runs is started anew. */
  readonly version?: string | undefined;
}

export interface NodePlan {
  /** In the order in which they are applied. */
  readonly resources: readonly Resource[];
  /** Undefined until the cluster is known. */
  readonly kubelet: KubeletCommand | undefined;
  /**
   * Files and folders, and resources by id, of which everything that is wanted is planned: what is the agent's there and not in `resources`
   * is wanted no more. A section that could not be planned, or that follows from facts that may be missing, decides nothing.
   */
  readonly decided: readonly string[];
  /** What could not be planned, and why. */
  readonly problems: readonly SatelliteError[];
  /** The tunnel that is set; undefined where there is none, or where it may not be. */
  readonly tunnel: WantedTunnel | undefined;
  /** Why a wanted tunnel is not set. */
  readonly tunnelProblem: SatelliteError | undefined;
  /** Why pods get no addresses, although they are to. */
  readonly podNetworkProblem?: SatelliteError | undefined;
}

/** A part of the node that is planned by itself: a problem in one leaves the others as they are. */
interface Section {
  /** Undefined: what is wanted cannot be said now, and what is there stays. */
  readonly plan: (config: Config, facts: Facts) => readonly Resource[] | undefined;
  /** Its files and folders, where the configuration alone says what is wanted. */
  readonly decides?: readonly string[];
}

/** In the order in which they are applied. */
const SECTIONS = {
  kernel: { plan: planKernel },
  tunnel: { plan: planTunnelSection },
  dnsCache: { plan: planDnsCache },
  kubelet: { plan: planKubelet },
  cni: { plan: planCni, decides: [PATHS.cniConfigFolder] },
  registries: { plan: planRegistries, decides: [PATHS.registriesFolder] },
  containerd: { plan: planContainerd },
} as const satisfies Readonly<Record<string, Section>>;

/** What the tunnel is made of, in the ledger. */
const TUNNEL_IDS = [
  ...TUNNEL_INTERFACES.map((name) => `tunnel:${name}`),
  ...[`firewall:${FIREWALL_CHAIN}`, `firewall:${FIREWALL_CHAIN}:nat`],
];

/** Plans the node. Pure: the same input gives the same bytes. */
export function planNode(config: Config, facts: Facts): NodePlan {
  const problems: SatelliteError[] = [];
  const planned = new Map<string, readonly Resource[]>();
  const decided: string[] = [];
  for (const [name, { plan, decides = [] }] of Object.entries<Section>(SECTIONS)) {
    const resources = attempt(() => plan(config, facts), problems);
    if (resources === undefined) continue;
    planned.set(name, resources);
    decided.push(...decides);
  }
  if (planned.has("containerd")) attempt(() => checkContainerd(config, facts), problems);
  const { tunnel, problem: tunnelProblem } = tunnelOf(facts);
  const pods = podNetworkOf(config, facts);
  if (facts.tunnel?.kind === "none" || facts.tunnel?.kind === "wanted") decided.push(...TUNNEL_IDS);
  if (planned.get("dnsCache")?.length === 0) decided.push(...dnsCachePlaces(config));
  return {
    resources: [...planned.values()].flat(),
    kubelet: planned.get("kubelet")?.length ? planCommand(config, facts) : undefined,
    decided,
    problems,
    tunnel,
    tunnelProblem,
    podNetworkProblem: pods.kind === "lacking" ? pods.problem : undefined,
  };
}

function tunnelOf({ tunnel, cluster }: Facts) {
  return decideTunnel(tunnel, cluster?.ipFamily);
}

function podNetworkOf(config: Config, { tunnel, cluster }: Facts): PodNetwork {
  return decidePodNetwork(config, tunnel, cluster?.ipFamily);
}

function planTunnelSection(config: Config, facts: Facts): readonly Resource[] {
  const { tunnel } = tunnelOf(facts);
  return tunnel === undefined ? [] : planTunnel(config, tunnel);
}

/** What a section gives; undefined, with its problem noted, when it cannot be planned. */
function attempt<T>(plan: () => T, problems: SatelliteError[]): T | undefined {
  try {
    return plan();
  } catch (error) {
    if (!(error instanceof SatelliteError)) throw error;
    problems.push(error);
    return undefined;
  }
}

/** With another address kubelet would be another Node, and be restarted: it waits for the word on the tunnel. */
function planCommand(config: Config, facts: Facts): KubeletCommand | undefined {
  const { cluster, machine, kubeletVersion } = facts;
  if (cluster === undefined || facts.tunnel?.kind === "waiting") return undefined;
  return {
    path: config.kubelet.path,
    args: renderKubeletFlags(config, machine, cluster.ipFamily, tunnelAddress(facts.tunnel, cluster.ipFamily)),
    version: kubeletVersion,
  };
}

function planCni(config: Config, facts: Facts): readonly Resource[] | undefined {
  const { cni } = config.network;
  if (cni === "host") return [plannedFile(PATHS.cniConfig, renderCniConfig(), "pods on the host's network")];
  const pods = podNetworkOf(config, facts);
  if (pods.kind === "planned") return [plannedFile(PATHS.podConfig, renderConflist(pods), "pods with addresses")];
  return pods.kind === "unused" ? [] : undefined;
}

function planRegistries({ containerd }: Config): readonly Resource[] {
  return Object.entries(containerd.registries).map(([name, registry]) =>
    plannedFile(hostsPath(name), renderHosts(registry), `images of ${name}`),
  );
}

/** @throws cri-outdated */
function planContainerd(config: Config, { machine, containerd }: Facts): readonly Resource[] {
  if (containerd === undefined) return [];
  // No configuration makes it fit: it is left as it is, and so are the containers of others in it.
  if (lt(containerd.version, MIN_CONTAINERD)) throw outdatedContainerd(containerd.version);
  const { configFile, socket } = config.containerd;
  const content = renderContainerdConfig(containerd, containerdOptions(config, machine));
  return [
    plannedFile(configFile, content, "CRI enabled, cgroup driver equal to kubelet's", {
      ...{ reader: "containerd", isMerged: true },
      // A new one holds what containerd.config says, which may be a registry's password.
      mode: containerd.config.kind === "parsed" ? (containerd.config.mode ?? 0o600) : 0o600,
    }),
    {
      kind: "service",
      unit: "containerd.service",
      configFile,
      readiness: { kind: "cri", socket },
      why: "kubelet's container runtime",
    },
  ];
}

/** @throws containerd-config-shadowed */
function checkContainerd(config: Config, { machine, containerd }: Facts): void {
  if (containerd !== undefined) checkEffective(containerd, containerdOptions(config, machine));
}

function containerdOptions(config: Config, machine: MachineFacts): ContainerdOptions {
  return {
    systemdCgroup: cgroupDriver(config, machine) === "systemd",
    sandboxImage: config.containerd.sandboxImage,
    config: config.containerd.config,
    gpu: config.gpu,
    registries: config.containerd.registries,
  };
}

function planKubelet(config: Config, facts: Facts): readonly Resource[] {
  const { machine, cluster, kubeletVersion } = facts;
  if (cluster === undefined || kubeletVersion === undefined) return [];
  const run = runPaths(config.runFolder);
  const own = {
    cgroupDriver: cgroupDriver(config, machine),
    maxPods: maxPodsOf(config, podNetworkOf(config, facts)),
    dns: planKubeletDns(config, { ...facts, cluster }),
  };
  const kubelet = { reader: "kubelet" as const };
  return [
    plannedFile(PATHS.clusterCa, cluster.caPem, `certificate authority of cluster ${cluster.name}`, kubelet),
    plannedFile(PATHS.kubeconfig, renderKubeconfig(cluster, run.kubeletToken), "how kubelet reaches the API server", {
      ...kubelet,
      mode: 0o600,
    }),
    plannedFile(
      PATHS.kubeletConfig,
      renderKubeletConfig({ config, cluster, machine, kubeletVersion, ...own }),
      "kubelet's configuration",
      // The CIS benchmark for Kubernetes, 4.1.9.
      { ...kubelet, mode: 0o600 },
    ),
    ...(machine.hasEcrCredentialProvider
      ? [
          plannedFile(
            PATHS.imageCredentialProviderConfig,
            renderCredentialProviderConfig(config, run.awsCredentials),
            "pulls from ECR",
            kubelet,
          ),
        ]
      : []),
  ];
}

/** Both kubelet and containerd leave cgroups to systemd where there is one. */
function cgroupDriver({ kubelet }: Config, { isSystemd }: MachineFacts): "systemd" | "cgroupfs" {
  if (kubelet.cgroupDriver !== "auto") return kubelet.cgroupDriver;
  return isSystemd ? "systemd" : "cgroupfs";
}
