// What the cache for names on the machine is called, where it listens, and which files it has.
import { PATHS } from "../paths.ts";

/** Of the range that never leaves a link; NodeLocal DNSCache has the same, so that network policies written for it fit. */
export const DNS_CACHE_ADDRESS = "169.254.20.10";
/** What CoreDNS answers of itself, each on an address of the machine alone: a pod on the host's network may have any other port. */
export const DNS_CACHE_PORTS = { health: 9912, metrics: 9913, clusterZone: 9914, nowhere: 9915 } as const;
/** The static pod; kubelet appends the Node's name. */
export const DNS_CACHE_POD = "eks-satellite-dns";
export const DNS_CACHE_NAMESPACE = "kube-system";
/** The pod mounts the folder and nothing else; a file alone would be the old one for ever after it has been replaced. */
export const DNS_CACHE_FOLDER = "/etc/kubernetes/eks-satellite-dns";
export const COREFILE = `${DNS_CACHE_FOLDER}/Corefile`;

/** The image of CoreDNS that kubeadm 1.34 installs (cmd/kubeadm/app/constants). */
export const DNS_CACHE_IMAGE = "registry.k8s.io/coredns/coredns:v1.12.1";

/** What of the configuration says where kubelet finds static pods, and which domain is the cluster's. */
interface KubeletSettings {
  readonly kubelet: { readonly config: Readonly<Record<string, unknown>> };
}

/** Where kubelet looks for static pods: the user's own folder, if the configuration names one. */
export function staticPodFolder({ kubelet }: KubeletSettings): string {
  const { staticPodPath } = kubelet.config;
  return typeof staticPodPath === "string" && staticPodPath.startsWith("/")
    ? staticPodPath.replace(/\/+$/, "")
    : PATHS.staticPodFolder;
}

export function dnsManifestPath(config: KubeletSettings): string {
  return `${staticPodFolder(config)}/${DNS_CACHE_POD}.yaml`;
}

/** The domain that kubelet gives to pods. */
export function clusterDomain({ kubelet }: KubeletSettings): string {
  const domain = kubelet.config.clusterDomain;
  return typeof domain === "string" ? domain : "cluster.local";
}
