// Programs that no package registry has as binaries, built from pinned Go modules once and kept in the cache.
import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "./go-build.ts";
import { generateKubernetesModule, kubernetesPackages } from "./kubernetes-module.ts";
import { cacheFolder, defaultKubernetes } from "./state.ts";
import type { Progress } from "./step.ts";

/** Folder of the modules, each of which pins what it needs. */
export const pinnedModules = join(import.meta.dirname, "go");

/** The kubelet, kubectl and control plane of one Kubernetes version; returns the folder of the programs. */
export async function buildKubernetes(version: string, progress: Progress): Promise<string> {
  return build(
    {
      title: `build Kubernetes ${version} (10 min on 2 cores the first time)`,
      module: await kubernetesModule(version, progress),
      packages: kubernetesPackages,
      target: kubernetesTarget(version),
      variables: { "k8s.io/component-base/version.gitVersion": `v${version}` },
    },
    progress,
  );
}

/** Folder of the module that one Kubernetes version is built from. */
export async function kubernetesModule(version: string, progress: Progress): Promise<string> {
  if (version === defaultKubernetes) return join(pinnedModules, "kubernetes");
  return generateKubernetesModule(version, join(kubernetesTarget(version), "module"), progress);
}

function kubernetesTarget(version: string): string {
  return join(cacheFolder(), `kubernetes-${version}`);
}

/** aws-iam-authenticator and ecr-credential-provider; returns the folder of the programs. */
export async function buildAwsTools(progress: Progress): Promise<string> {
  return build(
    {
      title: "build aws-iam-authenticator and ecr-credential-provider (4 min the first time)",
      module: join(pinnedModules, "aws"),
      packages: ["tool"],
      target: join(cacheFolder(), "aws-tools"),
    },
    progress,
  );
}

/** aws-iam-authenticator's reader of aws-auth, as a program; returns its path. */
export async function buildAwsAuthReader(progress: Progress): Promise<string> {
  const bin = await build(
    {
      title: "build the reader of aws-auth (1 min the first time)",
      module: join(pinnedModules, "aws"),
      packages: ["./aws-auth"],
      target: join(cacheFolder(), "aws-auth"),
    },
    progress,
  );
  return join(bin, "aws-auth");
}

/** What says which proxy Go's programs use; returns its path. */
export async function buildProxyRules(progress: Progress): Promise<string> {
  const bin = await build(
    {
      title: "build Go's reader of proxy variables",
      module: join(pinnedModules, "kubernetes"),
      packages: ["./proxy"],
      target: join(cacheFolder(), "proxy-rules"),
    },
    progress,
  );
  return join(bin, "proxy");
}

/** AWS's cloud controller; returns the folder of the program. */
export async function buildCloudController(progress: Progress): Promise<string> {
  return build(
    {
      title: "build aws-cloud-controller-manager (5 min the first time)",
      module: join(pinnedModules, "cloud-controller"),
      packages: ["tool"],
      target: join(cacheFolder(), "cloud-controller"),
    },
    progress,
  );
}

/** AWS's helper for IAM Roles Anywhere, which people know as aws_signing_helper; returns its path. */
export async function buildSigningHelper(progress: Progress): Promise<string> {
  const bin = await build(
    {
      title: "build aws_signing_helper",
      module: join(pinnedModules, "signing-helper"),
      packages: ["tool"],
      target: join(cacheFolder(), "signing-helper"),
      hasC: true,
    },
    progress,
  );
  return join(bin, "rolesanywhere-credential-helper");
}

/** kube-rbac-proxy; returns the folder of the program. */
export async function buildKubeRbacProxy(progress: Progress): Promise<string> {
  return build(
    {
      title: "build kube-rbac-proxy (3 min the first time)",
      module: join(pinnedModules, "kube-rbac-proxy"),
      packages: ["tool"],
      target: join(cacheFolder(), "kube-rbac-proxy"),
    },
    progress,
  );
}

/** Readers of a Grafana dashboard (`dashboard`) and of the Prometheus Operator's objects (`operator`); returns their folder. */
export async function buildMonitoringReaders(progress: Progress): Promise<string> {
  return build(
    {
      title: "build the readers of dashboards and of the Operator's objects (2 min the first time)",
      module: join(pinnedModules, "monitoring"),
      packages: ["./dashboard", "./operator"],
      target: join(cacheFolder(), "monitoring-readers"),
    },
    progress,
  );
}

/** actionlint, which checks the workflows in .github; returns its path. */
export async function buildActionlint(progress: Progress): Promise<string> {
  const bin = await build(
    {
      title: "build actionlint",
      module: join(pinnedModules, "actionlint"),
      packages: ["tool"],
      target: join(cacheFolder(), "actionlint"),
    },
    progress,
  );
  return join(bin, "actionlint");
}

/** Where each release of containerd is pinned, and the Go variable that holds what it says its version is. */
const CONTAINERD = {
  "1.7.24": { module: "containerd-1.7", variable: "github.com/containerd/containerd/version.Version" },
  "2.2.0": { module: "containerd", variable: "github.com/containerd/containerd/v2/version.Version" },
} as const;

/** containerd and its shim of one release, and ctr of 2.x; returns the folder of the programs. */
export async function buildContainerd(version: keyof typeof CONTAINERD, progress: Progress): Promise<string> {
  const { module, variable } = CONTAINERD[version];
  return build(
    {
      title: `build containerd ${version} (2 min the first time)`,
      module: join(pinnedModules, module),
      packages: ["tool"],
      target: join(cacheFolder(), `containerd-${version}`),
      variables: { [variable]: `v${version}` },
    },
    progress,
  );
}

/** What a kubelet of EKS's own says that it is: the release, and which build of it. */
export const eksVersion = (release: string) => `v${release}-eks-5a4dbbc`;

/** kubelet of the sandbox's own version that says it is EKS's build of another, so that an upgrade needs no second build of it all. */
export async function buildKubeletAs(version: string, progress: Progress): Promise<string> {
  const bin = await build(
    {
      title: `link a kubelet that says it is ${eksVersion(version)}`,
      module: join(pinnedModules, "kubernetes"),
      packages: ["k8s.io/kubernetes/cmd/kubelet"],
      target: join(cacheFolder(), `kubelet-${eksVersion(version)}`),
      variables: { "k8s.io/component-base/version.gitVersion": eksVersion(version) },
    },
    progress,
  );
  return join(bin, "kubelet");
}

/** WireGuard in userspace, for machines whose kernel has none; returns its path. */
export async function buildWireguard(progress: Progress): Promise<string> {
  const bin = await build(
    {
      title: "build wireguard-go",
      module: join(pinnedModules, "wireguard"),
      packages: ["tool"],
      target: join(cacheFolder(), "wireguard-go"),
    },
    progress,
  );
  return join(bin, "wireguard");
}

/** CoreDNS with the plugins that EKS's add-on uses; returns its path. */
export async function buildCoreDns(progress: Progress): Promise<string> {
  const bin = await build(
    {
      title: "build CoreDNS (1 min the first time)",
      module: join(pinnedModules, "coredns"),
      packages: ["./coredns"],
      target: join(cacheFolder(), "coredns"),
    },
    progress,
  );
  return join(bin, "coredns");
}

/** CoreDNS with the plugins of a node's own cache; returns its path. */
export async function buildDnsCache(progress: Progress): Promise<string> {
  const bin = await build(
    {
      title: "build the node's DNS cache (1 min the first time)",
      module: join(pinnedModules, "dns-cache"),
      packages: ["./dns-cache"],
      target: join(cacheFolder(), "dns-cache"),
    },
    progress,
  );
  return join(bin, "dns-cache");
}

/** The device plugin that offers emulated GPUs; returns its path. */
export async function buildDevicePlugin(progress: Progress): Promise<string> {
  const bin = await build(
    {
      title: "build the device plugin's stand-in",
      module: join(pinnedModules, "kubernetes"),
      packages: ["./device-plugin"],
      target: join(cacheFolder(), "device-plugin"),
    },
    progress,
  );
  return join(bin, "device-plugin");
}

/** Copies programs into a machine's tree as executables of root. */
export async function installPrograms(bin: string, names: readonly string[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of names) {
    await rm(join(folder, name), { force: true });
    await cp(join(bin, name), join(folder, name), { mode: 0 });
  }
}
