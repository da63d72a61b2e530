// What the node watches about itself: every condition, what explains it, and how long it must fail before it turns.

interface Definition {
  /** Conditions that must be true before a failure of this one is reported by itself. */
  readonly dependsOn: readonly string[];
  /** Without it the node does not do its work: it decides /readyz. */
  readonly isCritical: boolean;
  /** How long it must be contradicted before it stops being true, in seconds: what recovers sooner is not reported. */
  readonly holdSeconds: number;
  /** The sentence of the documentation: true when … */
  readonly trueWhen: string;
}

/** Every condition, causes before consequences. */
export const CONDITIONS = {
  ConfigValid: {
    dependsOn: [],
    isCritical: false,
    holdSeconds: 0,
    trueWhen: "the configuration file is valid; while it is not, the last good one is in force",
  },
  NodeNameKept: {
    dependsOn: [],
    isCritical: false,
    holdSeconds: 0,
    trueWhen: "the Node's name is the configured one, or the host name is still that of the first join",
  },
  ClockInSync: {
    dependsOn: [],
    isCritical: false,
    holdSeconds: 0,
    trueWhen: "this machine's clock and AWS's differ by less than 2 minutes",
  },
  DnsWorking: {
    dependsOn: [],
    isCritical: false,
    holdSeconds: 15,
    trueWhen: "the names of the API server and of STS can be resolved",
  },
  DiskAvailable: {
    dependsOn: [],
    isCritical: true,
    holdSeconds: 0,
    trueWhen:
      "every file system that kubelet, containerd and the agent write to takes writes, and has more than 10 % of its space and 5 % of its inodes free",
  },
  StateReadable: {
    dependsOn: [],
    isCritical: false,
    holdSeconds: 0,
    trueWhen: "the daemon's own records can be read; the node runs on without one that cannot",
  },
  CertificateValid: {
    dependsOn: ["ClockInSync"],
    isCritical: false,
    holdSeconds: 15,
    trueWhen:
      "the certificate of `credentials.rolesAnywhere` is valid today and its key belongs to it, or another source is configured",
  },
  CredentialsRenewed: {
    dependsOn: ["ClockInSync", "DnsWorking", "CertificateValid"],
    isCritical: false,
    holdSeconds: 15,
    trueWhen: "the last renewal of the AWS keys succeeded, and AWS accepts the keys",
  },
  CredentialsFresh: {
    dependsOn: ["CredentialsRenewed"],
    isCritical: true,
    holdSeconds: 0,
    trueWhen: "there are AWS keys that have not expired, and a token for kubelet",
  },
  ClusterDescribed: {
    dependsOn: ["CredentialsFresh", "CredentialsRenewed", "ClockInSync", "DnsWorking"],
    isCritical: false,
    holdSeconds: 15,
    trueWhen: "the last DescribeCluster was answered",
  },
  ClusterKnown: {
    dependsOn: ["ClusterDescribed"],
    isCritical: true,
    holdSeconds: 0,
    trueWhen: "DescribeCluster has answered, now or earlier",
  },
  DependenciesInstalled: {
    dependsOn: ["DnsWorking", "DiskAvailable"],
    isCritical: false,
    holdSeconds: 0,
    trueWhen: "containerd, runc, iptables, conntrack and socat are there",
  },
  ArtifactsInstalled: {
    dependsOn: ["DnsWorking", "DiskAvailable"],
    isCritical: false,
    holdSeconds: 0,
    trueWhen: "kubelet, ecr-credential-provider and the CNI plugins are there, and a wanted upgrade has not failed",
  },
  KubeletSupported: {
    dependsOn: ["ArtifactsInstalled"],
    isCritical: false,
    holdSeconds: 0,
    trueWhen: "kubelet is not newer than the cluster, and at most 3 minor versions older",
  },
  ConfigInSync: {
    dependsOn: ["DiskAvailable", "DependenciesInstalled", "ArtifactsInstalled", "KubeletSupported"],
    // Whatever keeps pods from running makes RuntimeReady, KubeletRunning or NodeReady false, too.
    isCritical: false,
    holdSeconds: 0,
    trueWhen: "every managed file, kernel setting and service is as planned",
  },
  PodNetworkReady: {
    dependsOn: ["ConfigInSync", "ArtifactsInstalled"],
    // With `network.cni: routed` it is.
    isCritical: false,
    // A firewall that is reloaded takes the chains away, and the next round brings them back.
    holdSeconds: 10,
    trueWhen:
      "with `network.cni: routed` pods get addresses and pass the packet filter; with another `cni` it is not used (NotUsed)",
  },
  RuntimeReady: {
    dependsOn: ["ConfigInSync", "PodNetworkReady"],
    isCritical: true,
    holdSeconds: 10,
    trueWhen: "containerd's CRI says that runtime and network are ready",
  },
  KubeletRunning: {
    dependsOn: ["RuntimeReady", "ConfigInSync", "ClusterKnown", "CredentialsFresh"],
    isCritical: true,
    holdSeconds: 10,
    trueWhen: "kubelet runs and its health endpoint says ok",
  },
  ApiReachable: {
    dependsOn: ["ClusterKnown", "DnsWorking"],
    isCritical: true,
    holdSeconds: 15,
    trueWhen: "the API server answers, with a certificate that the cluster's CA has signed",
  },
  IdentityAccepted: {
    dependsOn: ["ApiReachable", "CredentialsFresh", "CredentialsRenewed", "ClockInSync"],
    isCritical: true,
    holdSeconds: 15,
    trueWhen: "the API server accepts the token, and knows its bearer as this node",
  },
  NodeReady: {
    dependsOn: ["KubeletRunning", "RuntimeReady", "IdentityAccepted", "ApiReachable"],
    isCritical: true,
    holdSeconds: 10,
    trueWhen: "the cluster says that this Node is Ready",
  },
  TunnelConfigured: {
    dependsOn: ["DependenciesInstalled", "DnsWorking"],
    isCritical: false,
    holdSeconds: 0,
    trueWhen:
      "the tunnel's interface, key, peers, address, routes and chain are as planned; or the node has none, as without a gateway in the cluster",
  },
  TunnelUp: {
    // A name of the gateway's is resolved as others are. WireGuard refuses a handshake that is older than the last one.
    dependsOn: ["TunnelConfigured", "DnsWorking", "ClockInSync"],
    isCritical: false,
    holdSeconds: 10,
    trueWhen: "the gateway answers through the tunnel, or the node has none",
  },
  ControlPlaneRoute: {
    dependsOn: ["TunnelUp", "KubeletRunning"],
    isCritical: false,
    holdSeconds: 15,
    trueWhen:
      "an API server's address in the VPC answers through the tunnel, and the gateway reaches kubelet's port; or the node has no tunnel",
  },
  ServingCertificateSigned: {
    dependsOn: ["NodeReady", "ApiReachable", "IdentityAccepted", "ControlPlaneRoute"],
    isCritical: false,
    holdSeconds: 15,
    trueWhen: "kubelet's serving certificate is signed: `kubectl logs` and `exec` work",
  },
  ImagePullsConfigured: {
    dependsOn: ["ConfigInSync", "ArtifactsInstalled", "CredentialsFresh"],
    isCritical: false,
    holdSeconds: 15,
    trueWhen:
      "ecr-credential-provider is there for pulls from ECR, and containerd reads the files of `containerd.registries`",
  },
  ServicesWorking: {
    dependsOn: ["NodeReady", "ConfigInSync", "ControlPlaneRoute"],
    isCritical: false,
    // An update of kube-proxy ends the old pod before it pulls the new one's image.
    holdSeconds: 30,
    trueWhen:
      "kube-proxy's rules are fresh, and the API server answers at its Service's address; or nothing leads to Services from here (NotUsed)",
  },
  ClusterDnsWorking: {
    dependsOn: ["ServicesWorking", "NodeReady"],
    isCritical: false,
    holdSeconds: 15,
    trueWhen: "cluster DNS knows the API server's Service; or nothing leads to it from here (NotUsed)",
  },
  DnsCacheWorking: {
    dependsOn: ["KubeletRunning", "RuntimeReady", "ConfigInSync"],
    isCritical: false,
    // An update of its image ends the old pod first.
    holdSeconds: 30,
    trueWhen:
      "with `network.dns: cached` the cache on this machine answers; with `cluster` it is not used (NotUsed), or only by pods that were started before (StillUsed)",
  },
  GpuDriver: {
    dependsOn: [],
    isCritical: false,
    holdSeconds: 0,
    trueWhen: "NVIDIA's driver is loaded and fits its libraries, or there is no GPU",
  },
  GpusPresent: {
    dependsOn: ["GpuDriver"],
    isCritical: false,
    holdSeconds: 0,
    trueWhen: "every GPU on the PCI bus answers nvidia-smi; with `gpu.mode: required` there is one",
  },
  GpuHealthy: {
    dependsOn: ["GpuDriver", "GpusPresent"],
    isCritical: false,
    holdSeconds: 0,
    trueWhen: "no GPU has a fault: Xid, ECC, memory rows, clocks, NVLink fabric; an application's Xid is not a fault",
  },
  NodeSchedulable: {
    dependsOn: ["NodeReady", "GpusPresent", "GpuHealthy"],
    isCritical: false,
    holdSeconds: 0,
    trueWhen: "the Node is not cordoned",
  },
  GpuRuntimeConfigured: {
    dependsOn: ["ConfigInSync", "GpuDriver"],
    isCritical: false,
    holdSeconds: 60,
    trueWhen: "containerd has runtime `nvidia` and the GPUs a CDI specification, or there is no GPU",
  },
  MachineChecked: {
    dependsOn: ["NodeReady"],
    isCritical: false,
    holdSeconds: 0,
    trueWhen: "the daemon's last `eks-satellite check` came to its end, whatever it found",
  },
} as const satisfies Record<string, Definition>;

export type ConditionType = keyof typeof CONDITIONS;
export const CONDITION_TYPES = Object.keys(CONDITIONS) as readonly ConditionType[];
