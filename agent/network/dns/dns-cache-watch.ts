// Whether the cache for names on this machine answers, where pods ask it.
import type { ConditionBoard, Report } from "../../board/conditions.ts";
import { reportOf } from "../../board/conditions.ts";
import { type Family, family, timestamp } from "../../board/metric-family.ts";
import type { Config } from "../../config/schema.ts";
import { SatelliteError } from "../../errors.ts";
import type { NodeFacts } from "../../facts/node-facts.ts";
import type { Host } from "../../host/host.ts";
import { decideDnsCache } from "../../plan/dns/dns-cache.ts";
import { diagnoseDnsCache } from "./dns-cache-diagnosis.ts";
import { type CacheCounts, observeDnsCache } from "./dns-cache-reader.ts";

/** What the pod gets from kubelet's start, pull included, before it is said to be missing. */
const START_GRACE_MS = 120_000;

/** What is so until the pod has come. */
const COMING = ["DnsCachePodMissing", "DnsCacheNotRunning"];

export interface DnsCacheWatchOptions {
  readonly host: Host;
  readonly config: Config;
  readonly board: ConditionBoard;
  /** Those of the last round of convergence; undefined before the first. */
  readonly facts: () => Pick<NodeFacts, "cluster" | "dns"> | undefined;
  readonly kubelet: () => { readonly ageMs: number | undefined };
}

/** Sets DnsCacheWorking. */
export class DnsCacheWatch {
  readonly #options: DnsCacheWatchOptions;
  #hasWorked = false;
  #answeredMs: number | undefined;
  #latencyMs: number | undefined;
  #counts: CacheCounts | undefined;

  constructor(options: DnsCacheWatchOptions) {
    this.#options = options;
  }

  metrics(): readonly Family[] {
    return [
      family("gauge", "dns_cache_answered_timestamp_seconds", "When the cache for names last answered.", () =>
        timestamp(this.#answeredMs),
      ),
      family("gauge", "dns_cache_latency_seconds", "How long the cache for names took for its last answer.", () =>
        this.#latencyMs === undefined ? [] : [{ value: this.#latencyMs / 1000 }],
      ),
      family(
        "counter",
        "dns_cache_answers_total",
        "Answers of the cache for names since its start: from what it knew (hit, of which stale are those whose time had run out), or asked for (miss).",
        () => this.#listAnswers(),
      ),
    ];
  }

  #listAnswers() {
    if (this.#counts === undefined) return [];
    const { hits, misses, stale } = this.#counts;
    return Object.entries({ hit: hits, miss: misses, stale }).map(([kind, value]) => ({ labels: { kind }, value }));
  }

  /** Asks it once, where pods do. */
  async round(): Promise<void> {
    const { host, config, board, facts } = this.#options;
    const known = facts();
    if (known === undefined) return;
    const unused = findUnused(config, known);
    if (unused !== undefined && unused.reason !== "StillUsed") return this.#rest(unused);
    const observation = await observeDnsCache(host, config);
    const before = this.#counts?.stale ?? Number.POSITIVE_INFINITY;
    this.#counts = observation.counts;
    const isStale = (observation.counts?.stale ?? 0) > before;
    const node = { nodeName: config.node.name, image: config.network.dnsImage };
    const report = diagnoseDnsCache(observation, node, isStale);
    if (report.status === "True") this.#note(observation.latencyMs);
    board.set("DnsCacheWorking", report.status === "True" ? (unused ?? report) : this.#orStarting(report));
  }

  #note(latencyMs: number): void {
    this.#hasWorked = true;
    this.#answeredMs = this.#options.host.clock.now();
    this.#latencyMs = latencyMs;
  }

  #rest(report: Report): void {
    this.#hasWorked = false;
    this.#counts = undefined;
    this.#options.board.set("DnsCacheWorking", report);
  }

  #orStarting(report: Report): Report {
    const isStarting = (this.#options.kubelet().ageMs ?? 0) < START_GRACE_MS;
    if (this.#hasWorked || !isStarting || !COMING.includes(report.reason)) return report;
    return { status: "Unknown", reason: "Starting", message: `the node has just started: ${report.message}` };
  }
}

/** Why no new pod asks it; undefined where they do. */
export function findUnused(config: Config, facts: Pick<NodeFacts, "cluster" | "dns">): Report | undefined {
  try {
    switch (decideDnsCache(config, facts)) {
      case "wanted":
        return undefined;
      case "unused":
        return {
          status: "True",
          reason: "NotUsed",
          message: "pods ask cluster DNS (network.dns: cluster)",
          isQuiet: true,
        };
      case "leaving":
        return {
          status: "True",
          reason: "StillUsed",
          message: `pods that were started with network.dns: cached still ask the cache (${facts.dns?.askers ?? 0}): it goes with the last of them`,
        };
    }
  } catch (error) {
    if (!(error instanceof SatelliteError)) throw error;
    return { status: "False", ...reportOf(error) };
  }
}
