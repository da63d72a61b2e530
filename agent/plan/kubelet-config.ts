// KubeletConfiguration: the values of EKS's own hybrid nodes, with what this machine and this cluster make different.
import { gte } from "semver";
import { stringify } from "yaml";
import type { ClusterFacts } from "../aws/cluster.ts";
import { PATHS } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import type { MachineFacts } from "../facts/machine.ts";
import { SYSTEMD_RESOLV_CONF } from "../facts/resolver.ts";
import type { planKubeletDns } from "./dns/dns-cache.ts";
import { taintsOf } from "./gpu-node.ts";
import { mergeTables, type Table } from "./merge.ts";
import { computeTypeTaints, providerIdOf } from "./node-identity.ts";

/** Every suite of TLS 1.2 that authenticates what it encrypts; 1.3 has no others. */
const TLS_CIPHER_SUITES = [
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/** kubelet knows `failCgroupV1` from here on; from 1.35 it refuses cgroup v1 unless the key is false. */
const FAIL_CGROUP_V1_SINCE = "1.31.0";

export interface KubeletConfigInput {
  readonly config: Config;
  readonly cluster: ClusterFacts;
  readonly machine: MachineFacts;
  readonly kubeletVersion: string;
  readonly cgroupDriver: "systemd" | "cgroupfs";
  /** The configured number, or fewer where addresses are fewer. */
  readonly maxPods: number;
  readonly dns: ReturnType<typeof planKubeletDns>;
}

/** Renders kubelet's configuration file; the user's `kubelet.config` is merged over it. @throws service-cidr-invalid */
export function renderKubeletConfig(input: KubeletConfigInput): string {
  const own = {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    ...planAccess(input),
    ...planNodeIdentity(input),
    ...planPods(input),
    ...planResources(input),
  };
  return stringify(mergeTables(own, input.config.kubelet.config), { sortMapEntries: true });
}

/** Where kubelet listens, and who may ask it what. */
function planAccess({ cluster }: KubeletConfigInput): Table {
  return {
    address: cluster.ipFamily === "ipv6" ? "::" : "0.0.0.0",
    authentication: {
      anonymous: { enabled: false },
      webhook: { cacheTTL: "2m0s", enabled: true },
      x509: { clientCAFile: PATHS.clusterCa },
    },
    authorization: { mode: "Webhook", webhook: { cacheAuthorizedTTL: "5m0s", cacheUnauthorizedTTL: "30s" } },
    readOnlyPort: 0,
    // CIS 4.2.5: an idle exec or port-forward ends.
    streamingConnectionIdleTimeout: "5m0s",
    // Rotation of the serving certificate, whose feature gate has been on by default since 1.12, comes with this.
    serverTLSBootstrap: true,
    tlsCipherSuites: TLS_CIPHER_SUITES,
    tlsMinVersion: "VersionTLS12",
  };
}

/** What the Node says of itself when it registers. */
function planNodeIdentity({ config, machine }: KubeletConfigInput): Table {
  return {
    providerID: providerIdOf(config),
    registerWithTaints: [...computeTypeTaints(config), ...taintsOf(config, machine)],
  };
}

/** How pods are run, and what they see of the network. */
function planPods({ config, machine, cgroupDriver, dns }: KubeletConfigInput): Table {
  return {
    cgroupDriver,
    ...dns,
    clusterDomain: "cluster.local",
    containerRuntimeEndpoint: `unix://${config.containerd.socket}`,
    hairpinMode: "hairpin-veth",
    resolvConf: machine.hasSystemdResolved ? SYSTEMD_RESOLV_CONF : "/etc/resolv.conf",
    // CIS 4.2.14: containerd's own seccomp profile for pods that name none.
    seccompDefault: true,
    serializeImagePulls: false,
  };
}

/** Processes and threads of one pod: room for a training job of eight GPUs with its loaders, none for a fork bomb. */
const POD_PIDS_LIMIT = 16_384;
const SYSTEM_RESERVED_PIDS = "1000";

/** What pods may take of the machine, and what kubelet demands of its kernel. */
function planResources({ machine, kubeletVersion, maxPods }: KubeletConfigInput): Table {
  return {
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "10%", "nodefs.inodesFree": "5%" },
    ...(machine.cgroupVersion === 1 && gte(kubeletVersion, FAIL_CGROUP_V1_SINCE) ? { failCgroupV1: false } : {}),
    kubeReserved: {
      cpu: `${reservedCpuMillicores(machine.cpuCount)}m`,
      "ephemeral-storage": "1Gi",
      memory: `${reservedMemoryMebibytes(maxPods)}Mi`,
    },
    maxPods,
    podPidsLimit: POD_PIDS_LIMIT,
    protectKernelDefaults: true,
    // What pods together leave to the machine: a fork bomb must not keep sshd and containerd from starting a process.
    systemReserved: { pid: SYSTEM_RESERVED_PIDS },
  };
}

/** EKS's formula: 6 % of the first core, 1 % of the second, 0.5 % of the third and fourth, 0.25 % of each further one. */
export function reservedCpuMillicores(cpuCount: number): number {
  const shares = Array.from({ length: cpuCount }, (_, index) =>
    index === 0 ? 60 : index === 1 ? 10 : index < 4 ? 5 : 2.5,
  );
  return Math.floor(shares.reduce((sum, share) => sum + share, 0));
}

/** EKS's formula: 11 MiB for each pod and 255 MiB. */
export function reservedMemoryMebibytes(maxPods: number): number {
  return 11 * maxPods + 255;
}
