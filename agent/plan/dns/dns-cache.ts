// The cache for names on the machine: whether there is one, and what it is made of.
import ipaddr from "ipaddr.js";
import type { ClusterFacts } from "../../aws/cluster.ts";
import {
  COREFILE,
  clusterDomain,
  DNS_CACHE_ADDRESS,
  DNS_CACHE_FOLDER,
  dnsManifestPath,
  staticPodFolder,
} from "../../config/network/dns-cache.ts";
import type { Config } from "../../config/schema.ts";
import { SatelliteError } from "../../errors.ts";
import type { DnsFacts } from "../../facts/dns/dns-facts.ts";
import type { TunnelFacts } from "../../facts/tunnel/tunnel-facts.ts";
import { clusterDnsAddress } from "../cluster-dns.ts";
import { plannedFile, type Resource, resourceId } from "../resource.ts";
import { renderCorefile } from "./corefile.ts";
import { renderDnsManifest } from "./manifest.ts";

interface Facts {
  readonly cluster: ClusterFacts | undefined;
  readonly dns?: DnsFacts | undefined;
  readonly tunnel?: TunnelFacts | undefined;
}

/** `leaving`: no new pod asks it, and some that run do: a pod keeps the name server that it was started with. */
export type DnsCacheUse = "unused" | "wanted" | "leaving";

/** Decides it from the configuration and from the pods that run. @throws dns-cache-needs-ipv4 */
export function decideDnsCache({ network }: Config, { cluster, dns }: Facts): DnsCacheUse {
  if (network.dns === "cluster") return (dns?.askers ?? 0) > 0 ? "leaving" : "unused";
  if (cluster?.ipFamily === "ipv6") throw needsIpv4();
  return "wanted";
}

/** What kubelet's configuration says of it: the name server of pods, and where static pods are. */
export function planKubeletDns(config: Config, facts: Facts & { readonly cluster: ClusterFacts }) {
  const clusterDns = clusterDnsAddress(facts.cluster.serviceCidr);
  const use = facts.cluster.ipFamily === "ipv6" ? "unused" : decideDnsCache(config, facts);
  return {
    clusterDNS: [use === "wanted" ? DNS_CACHE_ADDRESS : clusterDns],
    ...(use === "unused" ? {} : { staticPodPath: staticPodFolder(config) }),
  };
}

/** Its resources; undefined while what it is to ask is not known. @throws dns-cache-needs-ipv4, service-cidr-invalid */
export function planDnsCache(config: Config, facts: Facts): readonly Resource[] | undefined {
  const { cluster, dns, tunnel } = facts;
  if (cluster === undefined) return undefined;
  const use = decideDnsCache(config, facts);
  if (dns === undefined) return undefined;
  if (use === "unused") return [];
  if (!isKnown(tunnel, config)) return undefined;
  const { cni, dnsZones, dnsImage } = config.network;
  const pods = tunnel.kind === "wanted" ? tunnel.tunnel.pods : [];
  const domain = clusterDomain(config);
  const corefile = renderCorefile({
    domain,
    otherZones: [...new Set([...dnsZones, ...reverseZones(cluster, tunnel)])].filter((zone) => zone !== domain),
    clusterDns: clusterDnsAddress(cluster.serviceCidr),
    nameServers: dns.nameServers,
    askers: cni === "none" ? undefined : [`${DNS_CACHE_ADDRESS}/32`, ...pods],
  });
  return [
    { kind: "address", address: DNS_CACHE_ADDRESS, why: "where pods ask for names" },
    plannedFile(COREFILE, corefile, "what the cache for names asks whom"),
    plannedFile(dnsManifestPath(config), renderDnsManifest(dnsImage), "the cache for names, a static pod"),
  ];
}

/** Without the networks of pods with addresses the cache would refuse them; other changes would only empty it. */
function isKnown(tunnel: TunnelFacts | undefined, { network }: Config): tunnel is TunnelFacts {
  if (tunnel === undefined || tunnel.kind === "waiting") return false;
  return tunnel.kind !== "damaged" || network.cni !== "routed";
}

/** Where all that is wanted of it is planned: the ledger's ids, files and folders. */
export function dnsCachePlaces(config: Config): readonly string[] {
  const address = resourceId({ kind: "address", address: DNS_CACHE_ADDRESS, why: "" });
  return [address, DNS_CACHE_FOLDER, dnsManifestPath(config)];
}

/** Cluster DNS has names for addresses of Services, and of pods and nodes wherever they are. */
function reverseZones(cluster: ClusterFacts, tunnel: TunnelFacts): readonly string[] {
  const remote = [...(cluster.remoteNetworks?.nodes ?? []), ...(cluster.remoteNetworks?.pods ?? [])];
  const wanted = tunnel.kind === "wanted" ? [...tunnel.tunnel.vpcCidrs, ...tunnel.tunnel.remoteNetworks] : [];
  return [cluster.serviceCidr, ...remote, ...wanted].flatMap(reverseZonesOf);
}

/** `10.250.16.0/23` → those of two /24. CoreDNS refuses a zone that is there twice, and would make the same of two networks. */
function reverseZonesOf(network: string): readonly string[] {
  if (!ipaddr.IPv4.isValidCIDR(network)) return [];
  const [, length] = ipaddr.IPv4.parseCIDR(network);
  const octets = Math.max(1, Math.ceil(length / 8));
  const bytes = ipaddr.IPv4.networkAddressFromCIDR(network).toByteArray().slice(0, octets);
  return Array.from({ length: 2 ** (octets * 8 - length) }, (_, index) => {
    const [last = 0, ...others] = bytes.toReversed();
    return `${[last + index, ...others].join(".")}.in-addr.arpa`;
  });
}

function needsIpv4(): SatelliteError {
  return new SatelliteError(
    "dns-cache-needs-ipv4",
    "the cache for names listens on IPv4, and the cluster's pods have IPv6 addresses",
    {
      hint: "Set network.dns: cluster.",
    },
  );
}
