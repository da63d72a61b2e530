// Every connection that a node makes or accepts: the table behind docs/reference/network-ports.md and docs/images/network.svg.
import { serviceHostname } from "../aws/aws-endpoints.ts";
import { healthSchema } from "../config/health-schema.ts";
import { DNS_CACHE_ADDRESS, DNS_CACHE_PORTS } from "../config/network/dns-cache.ts";
import { KUBELET_HEALTH_PORT, KUBELET_PORT } from "../facts/preflight.ts";
import { defaultManifestUrl } from "../install/artifact-manifest.ts";
import { GATEWAY_HEALTH_PORT, WIREGUARD_PORT } from "../tunnel/names.ts";

export type Side = "machine" | "aws" | "control-plane" | "internet";

export interface Connection {
  readonly from: Side;
  readonly to: Side;
  /** A few words, for the picture. */
  readonly name: string;
  /** The machine's own end. */
  readonly program: string;
  /** Host name or address, with capitals for what is yours. */
  readonly host: string;
  readonly ports: readonly number[];
  readonly protocol: "TCP" | "UDP" | "TCP and UDP";
  readonly what: string;
  /** Absent when every node needs it. */
  readonly when?: string;
}

const HTTPS = 443;
const regional = (service: string) => serviceHostname(service, "REGION");
const outward = { from: "machine", ports: [HTTPS], protocol: "TCP" } as const;
const within = { from: "machine", to: "machine", protocol: "TCP" } as const;
const own = DNS_CACHE_PORTS;
const health = healthSchema.parse({});

export const CONNECTIONS: readonly Connection[] = [
  {
    ...outward,
    to: "aws",
    name: "STS",
    program: "eks-satellite",
    host: regional("sts"),
    what: "session keys, and what time it is",
  },
  {
    ...outward,
    to: "aws",
    name: "EKS",
    program: "eks-satellite",
    host: regional("eks"),
    what: "the cluster's endpoint, CA and version",
  },
  {
    ...outward,
    to: "aws",
    name: "Roles Anywhere",
    program: "aws_signing_helper",
    host: regional("rolesanywhere"),
    what: "session keys for a certificate",
    when: "`credentials.rolesAnywhere`",
  },
  {
    ...outward,
    to: "aws",
    name: "ECR",
    program: "ecr-credential-provider, containerd",
    host: `${regional("api.ecr")}, ${regional("ACCOUNT.dkr.ecr")}`,
    what: "images of ECR: credentials, and the registry",
    when: "images of ECR are pulled",
  },
  {
    ...outward,
    to: "aws",
    name: "S3",
    program: "containerd",
    host: `prod-REGION-starport-layer-bucket.${regional("s3")}`,
    what: "images of ECR: their layers",
    when: "images of ECR are pulled",
  },
  {
    ...outward,
    to: "aws",
    name: "EKS's downloads",
    program: "eks-satellite",
    host: new URL(defaultManifestUrl("REGION")).hostname,
    what: "kubelet, ecr-credential-provider and the CNI plugins",
    when: "`artifacts.install: auto`, without `artifacts.manifestUrl`",
  },
  {
    ...outward,
    to: "aws",
    name: "Gateway",
    program: "WireGuard",
    host: "the gateway's public address",
    ports: [WIREGUARD_PORT],
    protocol: "UDP",
    what: `the cluster's VPC. Through it: the gateway's health (TCP ${GATEWAY_HEALTH_PORT}) and the API server's addresses (TCP ${HTTPS})`,
    when: "`network.tunnel` leads to one",
  },
  {
    ...outward,
    to: "control-plane",
    name: "API server",
    program: "kubelet, eks-satellite, pods",
    host: "the cluster's API endpoint",
    what: "the cluster: Nodes, pods, certificates",
  },
  {
    from: "control-plane",
    to: "machine",
    name: "kubelet",
    program: "kubelet",
    host: "the machine",
    ports: [KUBELET_PORT],
    protocol: "TCP",
    what: "`kubectl logs`, `kubectl exec`, `kubectl port-forward`, metrics-server",
    when: "there is a route from the cluster's VPC, through a gateway or a VPN; the node is Ready without it",
  },
  {
    ...outward,
    to: "internet",
    name: "Registries",
    program: "containerd",
    host: "the registries that pods name",
    what: "images; `registry.k8s.io` for the pause image, unless `containerd.sandboxImage` names another",
  },
  {
    ...outward,
    to: "internet",
    name: "Packages",
    program: "apt-get",
    host: "the distribution's package mirrors",
    ports: [80, HTTPS],
    what: "containerd, runc, iptables, conntrack and socat",
    when: "`dependencies.install: auto`, and one of them is missing",
  },
  {
    ...outward,
    to: "internet",
    name: "DNS",
    program: "all of them",
    host: "the machine's name servers",
    ports: [53],
    protocol: "TCP and UDP",
    what: "the names above",
  },
  {
    ...within,
    name: "cache for names",
    program: "CoreDNS",
    host: DNS_CACHE_ADDRESS,
    ports: [53],
    protocol: "TCP and UDP",
    what: `names for pods; ${own.health} and ${own.metrics} beside it, and ${own.clusterZone} and ${own.nowhere} of 127.0.0.1, are CoreDNS's own`,
    when: "`network.dns: cached`",
  },
  {
    ...within,
    name: "health",
    program: "eks-satellite",
    host: health.address,
    ports: [health.port],
    what: "the daemon's health endpoint",
  },
  {
    ...within,
    name: "kubelet's health",
    program: "kubelet",
    host: "127.0.0.1",
    ports: [KUBELET_HEALTH_PORT],
    what: "kubelet's health endpoint",
  },
];
