// What the daemon writes, and why: the table behind docs/reference/files.md. Paths that the configuration chooses come from it.
import { TUNNEL_KEY_FILE, TUNNEL_NEXT_KEY_FILE } from "../tunnel/names.ts";
import { LAST_GOOD_CONFIG_PATH } from "./load.ts";
import { COREFILE, DNS_CACHE_POD } from "./network/dns-cache.ts";
import { ARTIFACTS_FOLDER, CDI_SPEC, lockPath, PATHS, runPaths, statePaths } from "./paths.ts";
import type { Config } from "./schema.ts";

export interface WrittenFile {
  readonly path: string;
  /** Permission bits, octal; of a folder those of its files. */
  readonly mode: string;
  readonly what: string;
}

type Folders = Pick<Config, "stateFolder" | "runFolder">;

/** Files that the plan holds: compared and repaired in each round, restored by `reset`. */
export function managedFiles({ containerd }: Pick<Config, "containerd">): readonly WrittenFile[] {
  return [
    { path: PATHS.clusterCa, mode: "0644", what: "certificate authority of the cluster" },
    { path: PATHS.kubeconfig, mode: "0600", what: "endpoint and CA of the cluster, and where kubelet's token is" },
    { path: PATHS.kubeletConfig, mode: "0600", what: "kubelet's configuration" },
    {
      path: PATHS.imageCredentialProviderConfig,
      mode: "0644",
      what: "pulls from ECR, while ecr-credential-provider is installed",
    },
    {
      path: containerd.configFile,
      mode: "0600",
      what: "merged: CRI enabled, cgroup driver, sandbox image, runtime `nvidia`; everything else in it is kept, and so are the owner and the mode of a file that is there",
    },
    {
      path: `${PATHS.registriesFolder}/REGISTRY/hosts.toml`,
      mode: "0644",
      what: "where images of a registry come from (`containerd.registries`)",
    },
    { path: PATHS.cniConfig, mode: "0644", what: "pods on the host's network (`network.cni: host`)" },
    { path: PATHS.podConfig, mode: "0644", what: "pods with addresses of their own (`network.cni: routed`)" },
    { path: COREFILE, mode: "0644", what: "what the cache for names asks whom (`network.dns: cached`)" },
    {
      path: `${PATHS.staticPodFolder}/${DNS_CACHE_POD}.yaml`,
      mode: "0644",
      what: "the cache for names, a static pod (`network.dns: cached`), in this folder or in the `staticPodPath` of `kubelet.config`",
    },
    { path: PATHS.sysctl, mode: "0644", what: "kernel settings at the next boot; the live ones are set too" },
    { path: PATHS.modulesLoad, mode: "0644", what: "kernel modules at the next boot; they are loaded now too" },
  ];
}

/** Programs, links to them, and the GPUs' specification: each only where it is missing. */
export function providedFiles({
  kubelet,
  imageCredentialProvider,
}: Pick<Config, "kubelet" | "imageCredentialProvider">): readonly WrittenFile[] {
  return [
    {
      path: `${ARTIFACTS_FOLDER}/`,
      mode: "0755",
      what: "downloaded kubelet, ecr-credential-provider and CNI plugins, by version",
    },
    { path: kubelet.path, mode: "0755", what: "link to the downloaded kubelet in use" },
    { path: imageCredentialProvider.path, mode: "0755", what: "link to the downloaded ecr-credential-provider" },
    { path: `${PATHS.cniBinFolder}/`, mode: "0755", what: "links to the downloaded CNI plugins" },
    {
      path: TUNNEL_KEY_FILE,
      mode: "0600",
      what: "private key of the node's tunnel, on a node that has one; it never leaves the machine",
    },
    { path: TUNNEL_NEXT_KEY_FILE, mode: "0600", what: "the tunnel's next private key, while the daemon changes it" },
    { path: CDI_SPEC, mode: "0644", what: "CDI specification of the GPUs, unless another program keeps one" },
  ];
}

/** What must survive a reboot. */
export function stateFiles({ stateFolder }: Folders): Readonly<Record<StateFile, WrittenFile>> {
  const paths = statePaths(stateFolder);
  return {
    lastGood: {
      path: LAST_GOOD_CONFIG_PATH,
      mode: "0600",
      what: "the last configuration that was valid, and true where it had to be tried",
    },
    check: { path: paths.check, mode: "0600", what: "what the daemon's last check of the machine found" },
    cluster: { path: paths.cluster, mode: "0600", what: "endpoint, CA and version of the cluster, as last described" },
    session: {
      path: paths.session,
      mode: "0600",
      what: "short-lived keys for a reboot while AWS is away (`aws.keysSurviveReboot`)",
    },
    diskProbe: { path: paths.diskProbe, mode: "0600", what: "written each minute, to see that the disk takes it" },
    ...historyFiles(paths),
    ledger: { path: `${paths.ledger}/`, mode: "0600", what: "originals of all that was changed, for `reset`" },
    network: { path: paths.network, mode: "0600", what: "where the cluster last said that the node's tunnel leads" },
    node: {
      path: paths.node,
      mode: "0600",
      what: "as which Node the machine has joined: its name stays when the host name changes",
    },
    lock: { path: lockPath(stateFolder), mode: "0600", what: "held by the one daemon that uses this folder" },
    services: {
      path: paths.services,
      mode: "0600",
      what: "with which configuration the running containerd was started",
    },
    artifacts: { path: paths.artifacts, mode: "0600", what: "versions of kubelet under trial, in use and refused" },
    versions: { path: paths.versions, mode: "0600", what: "versions of kubelet and containerd, by file" },
    gpu: { path: paths.gpu, mode: "0600", what: "faults of the GPUs by boot, and the labels that the daemon set" },
    retiredCertificates: {
      path: `${paths.retiredCertificates}/`,
      mode: "0600",
      what: "kubelet's certificates of an earlier cluster",
    },
  };
}

function historyFiles({ history, olderHistory }: ReturnType<typeof statePaths>) {
  const what = "what has happened, for `history`: a line each, 128 KiB at most";
  return {
    history: { path: history, mode: "0600", what },
    olderHistory: { path: olderHistory, mode: "0600", what: "what happened before that, as much again" },
  };
}

type StateFile = keyof ReturnType<typeof statePaths> | "lastGood" | "lock";

/** What may be lost with the power. */
export function runFiles({ runFolder }: Folders): Readonly<Record<keyof ReturnType<typeof runPaths>, WrittenFile>> {
  const paths = runPaths(runFolder);
  return {
    kubeletToken: { path: paths.kubeletToken, mode: "0600", what: "kubelet's token for the API server" },
    awsCredentials: { path: paths.awsCredentials, mode: "0600", what: "short-lived keys, for ecr-credential-provider" },
    kubeletProcess: { path: paths.kubeletProcess, mode: "0600", what: "pid and start time of the running kubelet" },
    kubeletGoroutines: {
      path: paths.kubeletGoroutines,
      mode: "0600",
      what: "what kubelet's goroutines did when it last hung, for `bundle`",
    },
    aptConfig: { path: paths.aptConfig, mode: "0600", what: "apt-get's configuration while packages are installed" },
    cdiSpec: { path: paths.cdiSpec, mode: "0600", what: "for which driver and GPUs the CDI specification was made" },
  };
}
