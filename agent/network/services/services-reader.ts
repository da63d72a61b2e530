// Asks what a pod of this node would ask: kube-proxy, the API server at its Service's address, and cluster DNS. Each ends in bounded time.
import * as z from "zod";
import type { ClusterFacts } from "../../aws/cluster.ts";
import { networkProblemOf } from "../../aws/network-error.ts";
import { clusterDomain } from "../../config/network/dns-cache.ts";
import type { Config } from "../../config/schema.ts";
import type { Host } from "../../host/host.ts";
import { clusterDnsAddress, firstServiceAddress } from "../../plan/cluster-dns.ts";

const TIMEOUT_SECONDS = 4;
const BOUNDS = { timeoutSeconds: TIMEOUT_SECONDS, maxBytes: 64 * 2 ** 10 } as const;
const LOOPBACK = "127.0.0.1";
const KUBE_PROXY_PORT = 10256;
const HTTPS_PORT = 443;
const MAX_ADDRESSES = 4;

/** What kube-proxy says of its rules. `absent`: nothing answers on its port, or something else does. */
export type KubeProxyAnswer =
  | { readonly kind: "fresh" | "stale"; readonly updatedAtMs: number | undefined }
  | { readonly kind: "absent" };

/** `foreign`: what answers has no certificate of the cluster's CA. */
export type ServiceAnswer = "ok" | "refused" | "silent" | "foreign";

export type DnsAnswer =
  | { readonly kind: "answered"; readonly addresses: readonly string[] }
  /** `unknown`: the server answers, and knows no such name. */
  | { readonly kind: "refused" | "silent" | "unknown" };

/** By which way the kernel sends packets to a Service. */
export interface ServiceRoute {
  readonly device: string;
  readonly source: string | undefined;
}

export interface ServicesObservation {
  readonly nodeName: string;
  readonly identity: Config["node"]["identity"];
  readonly cni: Config["network"]["cni"];
  /** The node's address, as the cluster sees it. */
  readonly address: string | undefined;
  readonly serviceCidr: string;
  /** The API server's Service. */
  readonly apiService: string;
  readonly dnsServer: string;
  readonly dnsName: string;
  readonly kubeProxy: KubeProxyAnswer;
  readonly service: ServiceAnswer;
  /** Read only where the Service does not answer. */
  readonly route: ServiceRoute | undefined;
  readonly dns: DnsAnswer;
  /** Whether pods ask a cache on this machine (network.dns). */
  readonly isCached?: boolean;
}

export interface ServicesQuestion {
  readonly host: Host;
  readonly config: Config;
  readonly cluster: ClusterFacts;
  readonly address: string | undefined;
}

/** Asks all three at once. @throws service-cidr-invalid */
export async function observeServices({
  host,
  config,
  cluster,
  address,
}: ServicesQuestion): Promise<ServicesObservation> {
  const apiService = firstServiceAddress(cluster.serviceCidr);
  const { server: dnsServer, name: dnsName } = clusterDnsOf(config, cluster);
  const [kubeProxy, service, dns] = await Promise.all([
    askKubeProxy(host),
    askService(host, apiService, cluster.caPem),
    askDns(host, dnsServer, dnsName),
  ]);
  const route = service === "ok" ? undefined : await readRoute(host, apiService);
  const { name: nodeName, identity } = config.node;
  const { cni } = config.network;
  const { serviceCidr } = cluster;
  return {
    ...{ nodeName, identity, cni, address, serviceCidr, apiService, dnsServer, dnsName },
    ...{ kubeProxy, service, route, dns, isCached: config.network.dns === "cached" },
  };
}

/** What a glance is at: kube-proxy and the API server's Service by a connection each, or cluster DNS by its answer. */
export type Glance = "services" | "dns";

/** Whether it still answers, by what costs little. @throws service-cidr-invalid */
export async function glanceAt(glance: Glance, { host, config, cluster }: ServicesQuestion): Promise<boolean> {
  const apiService = firstServiceAddress(cluster.serviceCidr);
  if (glance === "dns") {
    const { server, name } = clusterDnsOf(config, cluster);
    const dns = await askDns(host, server, name);
    return dns.kind === "answered" && dns.addresses.includes(apiService);
  }
  const reached = await Promise.all([
    host.reach(LOOPBACK, KUBE_PROXY_PORT, TIMEOUT_SECONDS),
    host.reach(apiService, HTTPS_PORT, TIMEOUT_SECONDS),
  ]);
  return reached.every((reach) => reach === "ok");
}

/** The name of the API server's Service. */
export function apiServiceName(config: Pick<Config, "kubelet">): string {
  return `kubernetes.default.svc.${clusterDomain(config)}`;
}

function clusterDnsOf({ kubelet }: Config, { serviceCidr }: ClusterFacts) {
  return { server: clusterDnsAddress(serviceCidr), name: apiServiceName({ kubelet }) };
}

/** `healthy` since 1.32; a node that is about to be deleted is answered 503 too, with `nodeEligible` false. */
const healthSchema = z.object({
  lastUpdated: z.string().max(64).optional(),
  healthy: z.boolean().optional(),
  nodeEligible: z.boolean().optional(),
});

export async function askKubeProxy(host: Pick<Host, "fetch">): Promise<KubeProxyAnswer> {
  try {
    const url = `http://${LOOPBACK}:${KUBE_PROXY_PORT}/healthz`;
    const { status, body } = await host.fetch({ url, connectTo: LOOPBACK, ...BOUNDS });
    const { lastUpdated = "", healthy, nodeEligible } = healthSchema.parse(JSON.parse(body));
    const updatedAtMs = Date.parse(lastUpdated);
    const isFresh = healthy ?? (status === 200 || nodeEligible === false);
    return {
      kind: isFresh ? "fresh" : "stale",
      updatedAtMs: Number.isNaN(updatedAtMs) || updatedAtMs <= 0 ? undefined : updatedAtMs,
    };
  } catch {
    return { kind: "absent" }; // Nothing listens there, or no kube-proxy.
  }
}

/** Any answer will do: who asks without a token may be refused. */
async function askService(host: Host, address: string, caPem: string): Promise<ServiceAnswer> {
  const url = `https://${address.includes(":") ? `[${address}]` : address}/version`;
  try {
    await host.fetch({ url, caPem, connectTo: address, ...BOUNDS });
    return "ok";
  } catch (error) {
    const problem = networkProblemOf(error);
    if (problem === "refused") return "refused";
    return problem === "certificate" ? "foreign" : "silent";
  }
}

export async function askDns(host: Host, server: string, hostname: string): Promise<DnsAnswer> {
  try {
    const addresses = await host.askNameServer({ server, hostname, timeoutSeconds: TIMEOUT_SECONDS });
    return { kind: "answered", addresses: addresses.slice(0, MAX_ADDRESSES) };
  } catch (error) {
    const problem = dnsProblemOf(error);
    return { kind: problem };
  }
}

/** c-ares' codes of an answer that is none; a cancelled question is a late one. */
function dnsProblemOf(error: unknown): "refused" | "silent" | "unknown" {
  const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
  if (code === "ECONNREFUSED") return "refused";
  return ["ENOTFOUND", "ENODATA", "ESERVFAIL", "EREFUSED", "EFORMERR", "ENOTIMP", "EBADRESP"].includes(String(code))
    ? "unknown"
    : "silent";
}

const routesSchema = z.array(z.object({ dev: z.string().max(64), prefsrc: z.string().max(64).optional() })).min(1);

async function readRoute(host: Host, address: string): Promise<ServiceRoute | undefined> {
  try {
    const { stdout } = await host.run("ip", ["-json", "route", "get", address], { timeoutSeconds: TIMEOUT_SECONDS });
    const [route] = routesSchema.parse(JSON.parse(stdout));
    return route && { device: route.dev, source: route.prefsrc };
  } catch {
    return undefined; // No route, or no ip(8): it only explains a failure.
  }
}
