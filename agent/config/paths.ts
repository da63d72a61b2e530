// Every path that the agent writes, defined once.

/** Paths that kubelet, containerd and the distribution prescribe; the functions below give those that the configuration chooses. */
export const PATHS = {
  clusterCa: "/etc/kubernetes/pki/ca.crt",
  kubeconfig: "/var/lib/kubelet/kubeconfig",
  kubeletConfig: "/etc/kubernetes/kubelet/kubelet-config.yaml",
  kubeletPki: "/var/lib/kubelet/pki",
  servingCertificate: "/var/lib/kubelet/pki/kubelet-server-current.pem",
  sysctl: "/etc/sysctl.d/90-eks-satellite.conf",
  modulesLoad: "/etc/modules-load.d/eks-satellite.conf",
  cniConfig: "/etc/cni/net.d/10-host-network.conf",
  podConfig: "/etc/cni/net.d/10-eks-satellite.conflist",
  cniConfigFolder: "/etc/cni/net.d",
  cniBinFolder: "/opt/cni/bin",
  registriesFolder: "/etc/containerd/certs.d",
  /** Where the manifests of static pods are, unless `kubelet.config` names another folder. */
  staticPodFolder: "/etc/kubernetes/manifests",
  imageCredentialProviderConfig: "/etc/eks/image-credential-provider/config.json",
} as const;

/** host-local writes a file here for each address that a pod has. */
export const POD_ADDRESSES_FOLDER = "/var/lib/cni/networks/eks-satellite";

/** Downloaded programs, by name and version; links at the expected places point to them. */
export const ARTIFACTS_FOLDER = "/opt/eks-satellite-artifacts";

/** The CDI specification, by which containers get GPUs; nvidia-ctk and nvidia-cdi-refresh write the same file. */
export const CDI_SPEC = "/var/run/cdi/nvidia.yaml";

/** Who rents the machine out, as `machine launch` wrote it there: nothing else knows it for sure. */
export const RENTED_FILE = "/etc/eks-satellite/rented.json";

/** What a daemon holds while it runs. It is never replaced: another file would be another lock. */
export function lockPath(stateFolder: string): string {
  return `${stateFolder}/lock`;
}

/** Files that must survive a reboot. */
export function statePaths(stateFolder: string) {
  return {
    check: `${stateFolder}/check.json`,
    cluster: `${stateFolder}/cluster.json`,
    diskProbe: `${stateFolder}/disk-probe`,
    artifacts: `${stateFolder}/artifacts.json`,
    gpu: `${stateFolder}/gpu.json`,
    history: `${stateFolder}/history.jsonl`,
    olderHistory: `${stateFolder}/history.old.jsonl`,
    ledger: `${stateFolder}/ledger`,
    network: `${stateFolder}/network.json`,
    node: `${stateFolder}/node.json`,
    services: `${stateFolder}/services.json`,
    session: `${stateFolder}/session`,
    versions: `${stateFolder}/versions.json`,
    retiredCertificates: `${stateFolder}/retired-certificates`,
  };
}

/** Files that a reboot may lose: short-lived secrets, and records of running processes. */
export function runPaths(runFolder: string) {
  return {
    kubeletToken: `${runFolder}/kubelet-token`,
    awsCredentials: `${runFolder}/aws-credentials`,
    aptConfig: `${runFolder}/apt.conf`,
    cdiSpec: `${runFolder}/cdi-spec.json`,
    kubeletProcess: `${runFolder}/kubelet-process.json`,
    kubeletGoroutines: `${runFolder}/kubelet-goroutines.txt`,
  };
}
