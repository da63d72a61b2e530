// The node that tests speak of: its configuration and its facts, each with what a test wants different.

import type { ClusterFacts } from "../../agent/aws/cluster.ts";
import { parseConfig } from "../../agent/config/load.ts";
import type { Config } from "../../agent/config/schema.ts";
import { type ContainerdConfigFile, parseToml } from "../../agent/facts/containerd.ts";
import type { MachineFacts } from "../../agent/facts/machine.ts";
import type { Surroundings, TunnelFacts, TunnelGateway, WantedTunnel } from "../../agent/facts/tunnel/tunnel-facts.ts";
import type { Facts } from "../../agent/plan/node-plan.ts";
import { clusterCa } from "./certificates.ts";

/** The least that a configuration must say. */
export const MINIMAL_CONFIG = `
cluster: { name: demo, region: us-west-2 }
credentials:
  keysFile: /etc/eks-satellite/aws-keys
  assumeRole: { arn: "arn:aws:iam::111122223333:role/satellite" }
`;

export const FARGATE_NAME = "fargate-ip-10-0-2-27.us-west-2.compute.internal";

/** A node that an IAM user is, without a role. */
export const FARGATE_CONFIG = `
cluster: { name: demo, region: us-west-2 }
node: { identity: fargate, eni: eni-086d663f3201384e3, name: ${FARGATE_NAME} }
credentials: { keysFile: /etc/eks-satellite/aws-keys }
`;

/** A keys file as its owner writes it. */
export const KEYS_FILE = "AWS_ACCESS_KEY_ID=AKIAEXAMPLE\nAWS_SECRET_ACCESS_KEY=long-lived-secret\n";

/** The minimal configuration with more YAML behind it. */
export function sampleConfig(more = ""): Config {
  return parseConfig(`${MINIMAL_CONFIG}\n${more}`, "config.yaml", "gpu-1");
}

/** The node of an IAM user, with more YAML behind it. */
export function fargateConfig(more = ""): Config {
  return parseConfig(`${FARGATE_CONFIG}\n${more}`, "config.yaml", "gpu-1");
}

export function sampleCluster(changes: Partial<ClusterFacts> = {}): ClusterFacts {
  return {
    name: "demo",
    region: "us-west-2",
    endpoint: "https://ABC.gr7.us-west-2.eks.amazonaws.com",
    caPem: clusterCa,
    serviceCidr: "10.100.0.0/16",
    ipFamily: "ipv4",
    version: "1.34",
    remoteNetworks: { nodes: ["192.0.2.0/24"], pods: [] },
    fetchedAtMs: Date.UTC(2026, 0, 1),
    ...changes,
  };
}

/** Ubuntu 22.04 with eight cores. */
export function sampleMachine(changes: Partial<MachineFacts> = {}): MachineFacts {
  return {
    hostname: "gpu-1",
    architecture: "x64",
    kernel: "6.8.0-60-generic",
    operatingSystem: "Ubuntu 22.04.5 LTS",
    cpuCount: 8,
    memoryBytes: 64 * 2 ** 30,
    swapBytes: 0,
    addresses: [{ interface: "eth0", address: "192.0.2.10", family: "IPv4" }],
    primaryIpv4: "192.0.2.10",
    primaryIpv6: undefined,
    cgroupVersion: 2,
    isSystemd: true,
    hasSystemdResolved: true,
    hasEcrCredentialProvider: false,
    hasGpu: false,
    ...changes,
  };
}

/** containerd's configuration with this text. */
export function containerdFile(text: string): ContainerdConfigFile {
  return { kind: "parsed", text, table: parseToml(text) };
}

/** What Docker's package of containerd ships: everything commented out, and CRI disabled. */
export const DOCKER_CONTAINERD_CONFIG = `# Settings of this file are commented out; remove the sign to change one.
disabled_plugins = ["cri"]

#root = "/var/lib/containerd"
#oom_score = 0

#[grpc]
#  address = "/run/containerd/containerd.sock"
`;

/** Everything known of a machine with Docker's containerd and all of EKS's programs. */
export function sampleFacts(changes: Partial<Facts> = {}): Facts {
  return {
    machine: sampleMachine({ hasEcrCredentialProvider: true }),
    cluster: sampleCluster(),
    containerd: { version: "1.7.27", config: containerdFile(DOCKER_CONTAINERD_CONFIG) },
    kubeletVersion: "1.34.4",
    ...changes,
  };
}

/** The gateway of the samples' tunnel. */
export function sampleGateway(changes: Partial<TunnelGateway> = {}): TunnelGateway {
  return {
    name: "gw-1",
    publicKey: "hIA3ikjlSOAo0qqrI+rXaS3ZH04nX7Q2YQ4m2Vxv7wc=",
    endpoint: "198.51.100.5:51820",
    resolved: "198.51.100.5:51820",
    address: "10.20.1.5",
    mtu: 1420,
    ...changes,
  };
}

/** A node of the cluster's remote network, with its tunnel to one gateway. */
export function sampleTunnel(changes: Partial<WantedTunnel> = {}): WantedTunnel {
  return {
    address: "10.250.0.11",
    pods: [],
    vpcCidrs: ["10.20.0.0/16"],
    remoteNetworks: [],
    serviceCidr: "10.100.0.0/16",
    gateways: [sampleGateway()],
    publicKey: "4J3vxUhHbkmYWTWhXWgb0wU6HEFBn7DyvK4WOOCQ/EY=",
    isKeyPinned: false,
    ...changes,
  };
}

/** The network of a machine behind a home router, with Docker. */
export function sampleSurroundings(changes: Partial<Surroundings> = {}): Surroundings {
  return {
    routes: [
      { destination: "192.0.2.0/24", interface: "eth0" },
      { destination: "172.17.0.0/16", interface: "docker0" },
    ],
    addresses: [
      { interface: "eth0", address: "192.0.2.10" },
      { interface: "docker0", address: "172.17.0.1" },
    ],
    defaultGateway: "192.0.2.1",
    nameServers: ["192.0.2.1"],
    ...changes,
  };
}

export function sampleTunnelFacts(
  changes: Partial<WantedTunnel> = {},
  around: Partial<Surroundings> = {},
): TunnelFacts {
  return { kind: "wanted", tunnel: sampleTunnel(changes), surroundings: sampleSurroundings(around) };
}
