// A kubelet started by hand, with every file put in place beforehand: the baseline that the daemon is measured against.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { type Addresses, endpointName } from "./addresses.ts";
import type { Machine } from "./machine/machine.ts";
import { dockerContainerdConfig } from "./machine-tree.ts";
import { clusterName, nodeName, type SandboxFacts } from "./state.ts";

const unit = "hand-kubelet";
const kubeconfigPath = "/etc/hand-kubelet/kubeconfig";
const configPath = "/etc/hand-kubelet/kubelet.json";
const caPath = "/etc/hand-kubelet/ca.crt";
const sysctlPath = "/etc/sysctl.d/99-hand-kubelet.conf";
const scriptPath = "/etc/hand-kubelet.sh";
const containerdPath = "/etc/containerd/config.toml";
const cniPath = "/etc/cni/net.d/10-host-network.conf";

/** Everything that the hand-started kubelet needs to know. */
export interface HandKubelet {
  readonly folder: string;
  readonly facts: SandboxFacts;
  readonly addresses: Addresses;
  readonly machine: Machine;
  /** A bearer token, good for 15 minutes. */
  readonly token: string;
}

/** Puts every file in place and restarts containerd, so that only kubelet is left to start. */
export async function prepareKubelet(kubelet: HandKubelet): Promise<void> {
  await writeScript(kubelet);
  await kubelet.machine.run(["/bin/sh", "-e", scriptPath, "files"]);
}

/** Starts kubelet with its files in place; returns when it has been started, not when the node is Ready. */
export async function startKubelet({ machine }: HandKubelet): Promise<void> {
  await machine.run(["/bin/sh", "-e", scriptPath, "start"]);
}

/** The script alone: nothing of what it writes is there yet. */
export async function prepareScript(kubelet: HandKubelet): Promise<void> {
  await removeKubelet(kubelet);
  await writeScript(kubelet);
}

/** Runs the prepared script: it writes the files, restarts containerd and starts kubelet. */
export async function runScript({ machine }: HandKubelet): Promise<void> {
  await machine.run(["/bin/sh", "-e", scriptPath, "files", "start"]);
}

/** Ends the kubelet and leaves its files. */
export async function stopKubelet({ machine }: Pick<HandKubelet, "machine">): Promise<void> {
  await machine.run(["systemctl", "stop", unit], { mayFail: true });
}

/** Ends the kubelet and restores the machine: its files gone, containerd as Docker configures it. */
export async function removeKubelet({ machine }: Pick<HandKubelet, "machine">): Promise<void> {
  await stopKubelet({ machine });
  await machine.remove("/etc/hand-kubelet", sysctlPath, cniPath, scriptPath);
  await machine.write(containerdPath, dockerContainerdConfig);
  await machine.run(["systemctl", "restart", "containerd"]);
  // A measurement repeats this more often than systemd's limit of 5 starts in 10 s allows.
  await machine.run(["systemctl", "reset-failed", "containerd"]);
}

async function writeScript(kubelet: HandKubelet): Promise<void> {
  const ca = await readFile(join(kubelet.folder, "pki", "ca.crt"), "utf8");
  await kubelet.machine.write(scriptPath, renderScript(renderFiles(kubelet, ca), kubelet.addresses), 0o700);
}

function renderScript(files: Readonly<Record<string, string>>, addresses: Addresses): string {
  const writes = Object.entries(files).flatMap(([path, text]) => [
    `mkdir -p ${dirname(path)}`,
    `cat > ${path} <<'END-OF-FILE'\n${text.trimEnd()}\nEND-OF-FILE`,
  ]);
  const flags = [
    `--config=${configPath}`,
    `--kubeconfig=${kubeconfigPath}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${addresses.node}`,
    "--cloud-provider=",
  ];
  return [
    'for part in "$@"; do case $part in',
    "files)",
    ...writes,
    `sysctl --quiet --load ${sysctlPath}`,
    "systemctl restart containerd",
    ";;",
    "start)",
    `systemd-run --quiet --collect --unit=${unit} /usr/bin/kubelet ${flags.join(" ")}`,
    ";;",
    "esac; done",
    "",
  ].join("\n");
}

function renderFiles({ facts, addresses, token }: HandKubelet, ca: string): Record<string, string> {
  const user = { name: "node", user: { token } };
  const cluster = { server: `https://${endpointName(facts.clusterId)}`, "certificate-authority": caPath };
  return {
    [caPath]: ca,
    [kubeconfigPath]: stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: clusterName, cluster }],
      users: [user],
      contexts: [{ name: clusterName, context: { cluster: clusterName, user: "node" } }],
      "current-context": clusterName,
    }),
    [configPath]: JSON.stringify(kubeletConfig(facts, addresses)),
    [sysctlPath]: "vm.overcommit_memory = 1\nkernel.panic = 10\nkernel.panic_on_oops = 1\n",
    [containerdPath]: renderContainerdConfig(facts),
    [cniPath]: JSON.stringify({ cniVersion: "0.4.0", name: "host-network", type: "loopback" }),
  };
}

function kubeletConfig(facts: SandboxFacts, addresses: Addresses) {
  const minor = Number(facts.kubernetes.split(".")[1]);
  return {
    kind: "KubeletConfiguration",
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    address: addresses.node,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true, cacheTTL: "2m0s" },
      x509: { clientCAFile: caPath },
    },
    authorization: { mode: "Webhook" },
    cgroupDriver: "cgroupfs",
    clusterDNS: ["10.100.0.10"],
    clusterDomain: "cluster.local",
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    protectKernelDefaults: true,
    serverTLSBootstrap: true,
    ...(minor >= 31 ? { failCgroupV1: false } : {}),
  };
}

/** CRI on, with the setting that a host without CAP_SYS_RESOURCE needs. */
function renderContainerdConfig({ containerd }: SandboxFacts): string {
  if (containerd !== "debian") {
    return [
      "version = 3",
      `[plugins."io.containerd.cri.v1.images".pinned_images]`,
      `sandbox = "registry.k8s.io/pause:3.10"`,
      `[plugins."io.containerd.cri.v1.runtime"]`,
      "restrict_oom_score_adj = true",
    ].join("\n");
  }
  return [
    "version = 2",
    `[plugins."io.containerd.grpc.v1.cri"]`,
    `sandbox_image = "registry.k8s.io/pause:3.10"`,
    "restrict_oom_score_adj = true",
  ].join("\n");
}
