// /metrics. The parts keep the numbers; this reads them when a scrape comes, and prom-client renders them.
// prom-client is loaded with the first scrape: a node that nothing scrapes does not pay its memory.
import { type Family, family, type Sample } from "../board/metric-family.ts";
import { optional } from "../optional.ts";
import { VERSION } from "../version.ts";

/** A part that has numbers for /metrics. */
export interface MetricSource {
  metrics(): readonly Family[];
}

/** Every family of /metrics, in the order of the sources. */
export function listFamilies(sources: readonly MetricSource[]): readonly Family[] {
  return [buildFamily(), ...sources.flatMap((source) => source.metrics()), ...processFamilies()];
}

/** Returns what renders the current metrics. */
export function createMetrics(
  sources: readonly MetricSource[],
): () => Promise<{ readonly contentType: string; readonly body: string }> {
  const families = listFamilies(sources);
  let registry: ReturnType<typeof createRegistry> | undefined;
  return async () => {
    registry ??= createRegistry(families);
    const ready = await registry;
    return { contentType: ready.contentType, body: await ready.metrics() };
  };
}

async function createRegistry(families: readonly Family[]) {
  const { Registry } = await import("prom-client");
  const registry = new Registry();
  for (const { samples, ...family } of families) {
    const get = async () => ({ ...family, aggregator: "sum" as const, values: samples().map(toValue) });
    registry.registerMetric({ ...family, get, reset: () => undefined } as unknown as Parameters<
      typeof registry.registerMetric
    >[0]);
  }
  return registry;
}

function toValue({ value, labels = {}, metricName }: Sample) {
  return { value, labels, ...optional({ metricName }) };
}

function buildFamily(): Family {
  return family("gauge", "build_info", "Version of eks-satellite and of its Node.js; always 1.", () => [
    { value: 1, labels: { version: VERSION, node_version: process.versions.node } },
  ]);
}

/** Prometheus' own names for what every process has. */
function processFamilies(): readonly Family[] {
  const startedAt = performance.timeOrigin / 1000;
  return [
    {
      name: "process_cpu_seconds_total",
      help: "User and system CPU time of the daemon, without kubelet.",
      type: "counter",
      samples: () => {
        const { user, system } = process.cpuUsage();
        return [{ value: (user + system) / 1e6 }];
      },
    },
    {
      name: "process_resident_memory_bytes",
      help: "Resident memory of the daemon, without kubelet.",
      type: "gauge",
      samples: () => [{ value: process.memoryUsage.rss() }],
    },
    {
      name: "process_start_time_seconds",
      help: "When the daemon was started.",
      type: "gauge",
      samples: () => [{ value: startedAt }],
    },
  ];
}
