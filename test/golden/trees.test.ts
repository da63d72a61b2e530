// Whole nodes as they are planned, byte for byte. `UPDATE_GOLDEN=1` writes the expectation anew; the diff is then for the reviewer.
import assert from "node:assert/strict";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parseConfig } from "../../agent/config/load.ts";
import type { Config } from "../../agent/config/schema.ts";
import { type Facts, planNode } from "../../agent/plan/node-plan.ts";
import {
  containerdFile,
  DOCKER_CONTAINERD_CONFIG,
  FARGATE_CONFIG,
  sampleCluster,
  sampleConfig,
  sampleFacts,
  sampleMachine,
  sampleTunnelFacts,
} from "../fakes/samples.ts";
import { renderTree } from "./plan-tree.ts";

interface GoldenCase {
  readonly config: Config;
  readonly facts: Facts;
}

const EVERYTHING = `
node:
  name: gpu-1.lab
  ip: 198.51.100.7
  labels: { team: research, example.com/rack: r7 }
  taints:
    - { key: nvidia.com/gpu, value: present, effect: NoSchedule }
    - { key: spot, effect: PreferNoSchedule }
kubelet:
  path: /opt/kubernetes/kubelet
  maxPods: 30
  cgroupDriver: cgroupfs
  config:
    evictionHard: { "memory.available": 500Mi }
    featureGates: { GracefulNodeShutdown: true }
    systemReserved: { memory: 1Gi }
  flags: { v: 4, vmodule: "sync=5", feature-gates: "A=true,B=false" }
imageCredentialProvider:
  path: /opt/ecr/ecr-credential-provider
containerd:
  configFile: /etc/containerd/custom.toml
  socket: /run/custom/containerd.sock
  sandboxImage: mirror.example.com/pause:3.9
  config:
    oom_score: -999
    plugins: { "io.containerd.grpc.v1.cri": { max_container_log_line_size: 32768, stream_idle_timeout: 4h } }
network:
  cni: none
stateFolder: /data/eks-satellite
runFolder: /run/eks-satellite-lab
`;

const NVIDIA_CONFIG = `version = 2
imports = ["/etc/containerd/conf.d/*.toml"]

[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "nvidia"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia.options]
BinaryName = "/usr/bin/nvidia-container-runtime"

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "/etc/containerd/certs.d"
`;

const CASES: Readonly<Record<string, GoldenCase>> = {
  "minimal-ubuntu-22.04": {
    config: sampleConfig(),
    facts: sampleFacts({ machine: sampleMachine() }),
  },
  "ubuntu-20.04-cgroup-v1": {
    config: sampleConfig(),
    facts: {
      machine: sampleMachine({ operatingSystem: "Ubuntu 20.04.6 LTS", cgroupVersion: 1, cpuCount: 2 }),
      cluster: sampleCluster({ version: "1.31" }),
      containerd: { version: "1.6.20", config: containerdFile(NVIDIA_CONFIG) },
      kubeletVersion: "1.31.14",
    },
  },
  "containerd-2-without-a-configuration": {
    config: sampleConfig(),
    facts: {
      machine: sampleMachine({ operatingSystem: "Ubuntu 24.04.2 LTS" }),
      cluster: sampleCluster(),
      containerd: { version: "2.2.0", config: { kind: "absent" } },
      kubeletVersion: "1.34.4",
    },
  },
  "gpu-with-taint": {
    config: sampleConfig("gpu: { taint: true }"),
    facts: {
      machine: sampleMachine({ hasGpu: true }),
      cluster: sampleCluster(),
      containerd: { version: "1.7.27", config: containerdFile(NVIDIA_CONFIG) },
      kubeletVersion: "1.34.4",
    },
  },
  "gpu-with-the-toolkit": {
    config: sampleConfig(),
    facts: {
      machine: sampleMachine({ hasGpu: true }),
      cluster: sampleCluster(),
      containerd: {
        version: "1.7.27",
        config: containerdFile(DOCKER_CONTAINERD_CONFIG),
        nvidia: { runtime: "/usr/bin/nvidia-container-runtime", missing: [] },
      },
      kubeletVersion: "1.34.4",
    },
  },
  "ipv6-cluster": {
    config: sampleConfig(),
    facts: {
      machine: sampleMachine({ primaryIpv6: "2001:db8::10", hasSystemdResolved: false }),
      cluster: sampleCluster({ ipFamily: "ipv6", serviceCidr: "fd12:3456:789a::/108" }),
      containerd: { version: "1.7.27", config: containerdFile(DOCKER_CONTAINERD_CONFIG) },
      kubeletVersion: "1.34.4",
    },
  },
  "everything-configured": {
    config: sampleConfig(EVERYTHING),
    facts: {
      machine: sampleMachine({ hasEcrCredentialProvider: true, cpuCount: 30 }),
      cluster: sampleCluster(),
      containerd: { version: "1.7.27", config: containerdFile(NVIDIA_CONFIG) },
      kubeletVersion: "1.34.4",
    },
  },
  "tunnel-with-pods": {
    config: sampleConfig("network: { cni: none, tunnel: { keepaliveSeconds: 25 } }"),
    facts: sampleFacts({ tunnel: sampleTunnelFacts({ pods: ["10.251.16.0/24"], remoteNetworks: ["10.250.0.0/24"] }) }),
  },
  "pods-with-addresses": {
    config: sampleConfig("network: { cni: routed }"),
    facts: sampleFacts({ tunnel: sampleTunnelFacts({ pods: ["10.250.16.0/26"], remoteNetworks: ["10.250.16.0/20"] }) }),
  },
  "names-cached": {
    config: sampleConfig("network: { cni: routed, dns: cached, dnsZones: [corp.internal] }"),
    facts: sampleFacts({
      tunnel: sampleTunnelFacts({ pods: ["10.250.16.0/26"], remoteNetworks: ["10.250.16.0/20"] }),
      dns: { nameServers: ["192.0.2.53", "192.0.2.54"], askers: 0 },
    }),
  },
  fargate: {
    config: parseConfig(FARGATE_CONFIG.replace("eni: ", "computeTypeTaint: true, eni: "), "config.yaml", "gpu-1"),
    facts: sampleFacts({ machine: sampleMachine() }),
  },
  "nothing-known-yet": {
    config: sampleConfig(),
    facts: { machine: sampleMachine(), cluster: undefined, containerd: undefined, kubeletVersion: undefined },
  },
};

const EXPECTED = new URL("expected/", import.meta.url).pathname;

function readTree(folder: string): Map<string, string> {
  const paths = globSync("**/*", { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return new Map(paths.toSorted().map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

function writeTree(folder: string, tree: ReadonlyMap<string, string>): void {
  rmSync(folder, { recursive: true, force: true });
  for (const [path, content] of tree) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

for (const [name, { config, facts }] of Object.entries(CASES)) {
  test(`the node "${name}" is planned as expected, byte for byte`, () => {
    const folder = join(EXPECTED, name);
    const tree = renderTree(planNode(config, facts));
    if (process.env.UPDATE_GOLDEN === "1") writeTree(folder, tree);
    const expected = readTree(folder);
    assert.deepEqual([...tree.keys()].toSorted(), [...expected.keys()], "the same files");
    for (const [path, content] of tree) assert.equal(content, expected.get(path), path);
  });
}

test("planning twice gives the same bytes", () => {
  for (const { config, facts } of Object.values(CASES))
    assert.deepEqual(renderTree(planNode(config, facts)), renderTree(planNode(config, facts)));
});

test("no expectation is left of a case that is gone", () => {
  const folders = new Set(globSync("*/", { cwd: EXPECTED }));
  assert.deepEqual([...folders].map((name) => name.replace(/\/$/, "")).toSorted(), Object.keys(CASES).toSorted());
});

test("a machine that is already as planned is planned the same: the agent does not argue with itself", () => {
  for (const { config, facts } of Object.values(CASES)) {
    const first = planNode(config, facts);
    const file = first.resources.find(
      (resource) => resource.kind === "file" && resource.path === config.containerd.configFile,
    );
    if (file?.kind !== "file" || facts.containerd === undefined) continue;
    const containerd = { ...facts.containerd, config: containerdFile(file.content) };
    assert.deepEqual(planNode(config, { ...facts, containerd }).resources, first.resources);
  }
});

test("one part that cannot be planned leaves the others planned and is named", () => {
  const { config, facts } = CASES["minimal-ubuntu-22.04"] as GoldenCase;
  const cluster = sampleCluster({ serviceCidr: "10.100.0.0/30" });
  const { resources, kubelet, problems } = planNode(config, { ...facts, cluster });
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["service-cidr-invalid"],
  );
  assert.equal(kubelet, undefined);
  assert.ok(resources.some(({ kind }) => kind === "service"));
});
