// Asks the cache what a pod would ask, and CoreDNS for its own numbers; where it is silent, who has its port and whether its pod is there.
import {
  DNS_CACHE_ADDRESS,
  DNS_CACHE_NAMESPACE,
  DNS_CACHE_POD,
  DNS_CACHE_PORTS,
} from "../../config/network/dns-cache.ts";
import type { Config } from "../../config/schema.ts";
import { listPodSandboxes } from "../../facts/cri.ts";
import { findDnsListener } from "../../facts/dns/dns-listener.ts";
import type { Listener } from "../../facts/preflight.ts";
import type { Host } from "../../host/host.ts";
import { apiServiceName, askDns, type DnsAnswer } from "../services/services-reader.ts";

const TIMEOUT_SECONDS = 4;
/** CoreDNS of every plugin says less than 200 KiB. */
const MAX_METRICS_BYTES = 2 ** 20;

/** Answers since the cache's start, by where they came from. */
export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  /** Of the hits, those whose time had run out. */
  readonly stale: number;
}

export interface DnsCacheObservation {
  readonly name: string;
  readonly answer: DnsAnswer;
  readonly latencyMs: number;
  /** Undefined where no CoreDNS answers at the cache's address. */
  readonly counts: CacheCounts | undefined;
  /** Read only where it does not answer: another program on port 53 of the address. */
  readonly listener?: Listener | undefined;
  /** Read only where it does not answer; undefined also where containerd does not say. */
  readonly hasPod?: boolean | undefined;
}

/** Ends within a few seconds. */
export async function observeDnsCache(host: Host, config: Config): Promise<DnsCacheObservation> {
  const name = apiServiceName(config);
  const started = host.clock.monotonic();
  const asked = askDns(host, DNS_CACHE_ADDRESS, name).then((answer) => ({
    answer,
    latencyMs: host.clock.monotonic() - started,
  }));
  const [{ answer, latencyMs }, counts] = await Promise.all([asked, readCounts(host)]);
  const observation = { name, answer, latencyMs, counts };
  if (counts !== undefined) return observation;
  const [listener, hasPod] = await Promise.all([findDnsListener(host), readHasPod(host, config.containerd.socket)]);
  return { ...observation, listener, hasPod };
}

async function readCounts(host: Host): Promise<CacheCounts | undefined> {
  const url = `http://${DNS_CACHE_ADDRESS}:${DNS_CACHE_PORTS.metrics}/metrics`;
  const bounds = { timeoutSeconds: TIMEOUT_SECONDS, maxBytes: MAX_METRICS_BYTES };
  const answer = await host.fetch({ url, connectTo: DNS_CACHE_ADDRESS, ...bounds }).catch(() => undefined);
  return answer?.status === 200 ? parseCounts(answer.body) : undefined;
}

/** CoreDNS's metrics in Prometheus' text format; undefined where they are another program's. */
export function parseCounts(text: string): CacheCounts | undefined {
  if (!text.includes("coredns_build_info")) return undefined;
  return {
    hits: sumOf(text, "coredns_cache_hits_total"),
    misses: sumOf(text, "coredns_cache_misses_total"),
    stale: sumOf(text, "coredns_cache_served_stale_total"),
  };
}

function sumOf(text: string, metric: string): number {
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${metric}{`))
    .map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)))
    .filter(Number.isFinite)
    .reduce((sum, value) => sum + value, 0);
}

async function readHasPod(host: Host, socket: string): Promise<boolean | undefined> {
  const sandboxes = await listPodSandboxes(host, socket).catch(() => undefined); // RuntimeReady says why.
  return sandboxes?.some(({ pod }) => pod.startsWith(`${DNS_CACHE_NAMESPACE}/${DNS_CACHE_POD}-`));
}
