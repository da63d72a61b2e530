// CoreDNS's configuration as a cache: cluster names from cluster DNS, and kept while it is away; all others from the machine's name servers.
import { DNS_CACHE_ADDRESS, DNS_CACHE_PORTS } from "../../config/network/dns-cache.ts";
import { renderOwnedFile } from "../owned-file.ts";

export interface CorefileInput {
  /** E.g. `cluster.local`. */
  readonly domain: string;
  /** What else cluster DNS knows: domains, and networks whose addresses it has names for. */
  readonly otherZones: readonly string[];
  /** Cluster DNS: an address, port 53. */
  readonly clusterDns: string;
  /** The machine's own, in order; empty: cluster DNS has public names, too. */
  readonly nameServers: readonly string[];
  /** Networks that may ask; undefined where a CNI plugin of the user's decides. */
  readonly askers: readonly string[] | undefined;
}

const LOOPBACK = "127.0.0.1";
/** CoreDNS's own limit of what it asks at once, for each zone: a pod that floods it takes this much memory, and no more. */
const MAX_CONCURRENT = 1000;
/** As in NodeLocal DNSCache: entries, and seconds that each may live. */
const CACHE = ["success 9984 30", "denial 9984 5"];
const PUBLIC_CACHE = ["success 9984 3600", "denial 9984 300"];
/**
 * An expired entry is asked for anew before it is given out: an address of a headless Service is its pod's, and may be another pod's by now.
 * With `immediate` a name that is asked for once in half an hour would always be half an hour old.
 */
const SERVE_STALE = "serve_stale 1h verify";

/** Renders it. */
export function renderCorefile(input: CorefileInput): string {
  const { domain, otherZones, nameServers, clusterDns } = input;
  return renderOwnedFile([
    ...renderServer(`${domain}:53`, input, renderFront()),
    ...renderInner(input),
    ...(otherZones.length === 0
      ? []
      : renderServer(otherZones.map((zone) => `${zone}:53`).join(" "), input, renderCached(CACHE, toCluster(input)))),
    ...renderServer(".:53", input, [
      ...(nameServers.length === 0
        ? renderCached(CACHE, toCluster(input))
        : renderCached(PUBLIC_CACHE, toNameServers(nameServers.filter((address) => address !== clusterDns)))),
      `health ${DNS_CACHE_ADDRESS}:${DNS_CACHE_PORTS.health}`,
      "reload 10s 5s",
    ]),
  ]);
}

/**
 * A resolver tries a public name with each domain of its search list first, and musl's gives up at the first answer that is neither yes nor
 * no. So what cluster DNS does not answer, and the cache does not know, does not exist for the moment. It is said in front of the cache,
 * which must not keep it. Plugin rewrite would not do: it changes the code of an answer that has a record, and a failure has none.
 */
function renderFront(): readonly string[] {
  return [
    `forward . ${LOOPBACK}:${DNS_CACHE_PORTS.clusterZone} {`,
    ...indent(["max_fails 0", `max_concurrent ${MAX_CONCURRENT}`, "next SERVFAIL"]),
    "}",
    `forward . ${LOOPBACK}:${DNS_CACHE_PORTS.nowhere} {`,
    ...indent(["max_fails 0", `max_concurrent ${MAX_CONCURRENT}`]),
    "}",
  ];
}

/** The server that caches, and the one that knows nothing, each for the machine alone. */
function renderInner(input: CorefileInput): readonly string[] {
  const soa = `${input.domain}. 5 IN SOA ns.dns.${input.domain}. hostmaster.${input.domain}. 1 7200 1800 86400 5`;
  const nothing = ["template ANY ANY {", "    rcode NXDOMAIN", `    authority "${soa}"`, "}"];
  const servers = [
    { port: DNS_CACHE_PORTS.clusterZone, plugins: renderCached(CACHE, toCluster(input)) },
    { port: DNS_CACHE_PORTS.nowhere, plugins: nothing },
  ];
  return servers.flatMap(({ port, plugins }) => [
    `${input.domain}:${port} {`,
    ...indent([`bind ${LOOPBACK}`, ...renderReports(), ...plugins]),
    "}",
  ]);
}

function renderServer(zones: string, { askers }: CorefileInput, plugins: readonly string[]): readonly string[] {
  // A machine on the same link could send to the address, too.
  const acl = askers === undefined ? [] : ["acl {", `    allow net ${askers.join(" ")}`, "    block", "}"];
  return [`${zones} {`, ...indent([`bind ${DNS_CACHE_ADDRESS}`, ...renderReports(), ...acl, ...plugins]), "}"];
}

/** A name server that is away is one line a minute in the pod's log. */
function renderReports(): readonly string[] {
  return [
    "errors {",
    "    consolidate 1m .* warning",
    "}",
    `prometheus ${DNS_CACHE_ADDRESS}:${DNS_CACHE_PORTS.metrics}`,
  ];
}

function renderCached(sizes: readonly string[], forward: readonly string[]): readonly string[] {
  return ["cache {", ...indent([...sizes, SERVE_STALE]), "}", ...forward];
}

/**
 * A question waits two seconds (plugin/forward, plugin/pkg/proxy), and begins health checks of one second each: two in a row without an answer,
 * and cluster DNS is away after 4.1 s. From then on what is cached comes at once, and a name that is not fails at once, until a check is
 * answered. glibc asks again after 5 s. musl does so after 2.5 s and gives up after 5: what it asked first is asked anew at 4.5 s.
 */
function toCluster({ clusterDns, domain }: CorefileInput): readonly string[] {
  return [
    `forward . ${clusterDns} {`,
    ...indent([
      "max_fails 1",
      `health_check 0.1s no_rec domain ${domain}`,
      "failfast_all_unhealthy_upstreams",
      `max_concurrent ${MAX_CONCURRENT}`,
    ]),
    "}",
  ];
}

/** In their order, as a resolver of the machine has them. Some of them answer no health check, so none of them is ever given up. */
function toNameServers(nameServers: readonly string[]): readonly string[] {
  return [
    `forward . ${nameServers.join(" ")} {`,
    ...indent(["policy sequential", `max_concurrent ${MAX_CONCURRENT}`]),
    "}",
  ];
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `    ${line}`);
}
