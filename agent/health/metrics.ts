// /metrics. The numbers are kept by those whose they are; this reads them when somebody scrapes, and prom-client writes them down.
// prom-client is loaded with the first scrape: a node that nobody scrapes does not pay its memory.

import type { Converger } from "../apply/converger.ts";
import { type CallMetrics, LATENCY_BUCKETS } from "../board/call-metrics.ts";
import { CONDITION_TYPES } from "../board/condition-types.ts";
import type { ConditionBoard } from "../board/conditions.ts";
import { type Family, family, PREFIX, type Sample } from "../board/metric-family.ts";
import { readVerdict } from "../board/verdict.ts";
import type { AwsSession } from "../credentials/aws-session.ts";
import { gpuFamilies } from "../gpu/gpu-metrics.ts";
import type { GpuView } from "../gpu/gpu-watch.ts";
import type { Provisioning } from "../install/provisioning.ts";
import type { Kubelet } from "../kubelet/kubelet.ts";
import type { Loop } from "../loop/loop.ts";
import { VERSION } from "../version.ts";

export interface MetricSources {
  /** When the serving certificate as last seen ends, milliseconds since the epoch. */
  readonly servingCertificateExpiresAtMs: () => number | undefined;
  readonly board: ConditionBoard;
  readonly session: AwsSession;
  readonly kubelet: Kubelet;
  readonly converger: Converger;
  readonly loops: readonly Loop[];
  readonly provisioning: Provisioning;
  readonly awsCalls: CallMetrics;
  readonly apiCalls: CallMetrics;
  /** GPUs as last seen. */
  readonly gpu: () => GpuView | undefined;
}

/** Returns what renders the metrics of now. */
export function createMetrics(sources: MetricSources): () => Promise<{ contentType: string; body: string }> {
  const families = [
    ...nodeFamilies(sources),
    ...gpuFamilies(sources.gpu),
    ...workFamilies(sources),
    ...processFamilies(),
  ];
  const create = async () => {
    const { Registry } = await import("prom-client");
    const registry = new Registry();
    for (const { samples, ...family } of families) {
      const get = async () => ({ ...family, aggregator: "sum" as const, values: samples().map(toValue) });
      registry.registerMetric({ ...family, get, reset: () => undefined } as unknown as Parameters<
        typeof registry.registerMetric
      >[0]);
    }
    return registry;
  };
  let registry: ReturnType<typeof create> | undefined;
  return async () => {
    registry ??= create();
    const { contentType, metrics } = await registry.then(async (ready) => ({
      contentType: ready.contentType,
      metrics: await ready.metrics(),
    }));
    return { contentType, body: metrics };
  };
}

function toValue({ value, labels = {}, metricName }: Sample) {
  return { value, labels, ...(metricName === undefined ? {} : { metricName }) };
}

/** What is true of the node. */
function nodeFamilies({ board, session, kubelet, servingCertificateExpiresAtMs }: MetricSources): readonly Family[] {
  return [
    family("gauge", "build_info", "Version of eks-satellite and of its Node.js; always 1.", () => [
      { value: 1, labels: { version: VERSION, node_version: process.versions.node } },
    ]),
    family("gauge", "ready", "1 while /readyz says ok.", () => [{ value: Number(readVerdict(board).ready) }]),
    family("gauge", "condition", "1 for the status that a condition has, 0 for the others.", () =>
      CONDITION_TYPES.flatMap((type) =>
        (["True", "False", "Unknown"] as const).map((status) => ({
          value: Number(board.get(type).status === status),
          labels: { type, status },
        })),
      ),
    ),
    family("gauge", "condition_since_timestamp_seconds", "When a condition's status last changed.", () =>
      board.list().map(({ type, sinceMs }) => ({ value: sinceMs / 1000, labels: { type } })),
    ),
    family("gauge", "aws_keys_expiry_timestamp_seconds", "When the node's AWS keys expire.", () =>
      moment(session.keys?.expiresAtMs),
    ),
    family("gauge", "token_expiry_timestamp_seconds", "When kubelet's token expires.", () =>
      moment(session.token?.expiresAtMs),
    ),
    family(
      "gauge",
      "client_certificate_expiry_timestamp_seconds",
      "When the certificate of credentials.rolesAnywhere expires.",
      () => moment(session.certificateExpiresAtMs),
    ),
    family("gauge", "serving_certificate_expiry_timestamp_seconds", "When kubelet's serving certificate expires.", () =>
      moment(servingCertificateExpiresAtMs()),
    ),
    family("gauge", "kubelet_start_timestamp_seconds", "When the running kubelet was started.", () =>
      moment(kubelet.status().startedAtMs),
    ),
    family("counter", "kubelet_restarts_total", "Ends of kubelet, by reason.", () =>
      Object.entries(kubelet.status().restartsByReason).map(([reason, value]) => ({ value, labels: { reason } })),
    ),
    family("counter", "image_pull_failures_total", "Images that kubelet could not pull, by registry.", () =>
      [...kubelet.failedPulls].map(([registry, value]) => ({ value, labels: { registry } })),
    ),
  ];
}

/** What the agent does. */
function workFamilies({ converger, provisioning, loops, awsCalls, apiCalls }: MetricSources): readonly Family[] {
  const byLoop = (read: (loop: Loop) => number) => () =>
    loops.map((loop) => ({ value: read(loop), labels: { loop: loop.name } }));
  return [
    family("counter", "converge_rounds_total", "Rounds of comparison, by outcome.", () =>
      Object.entries(converger.figures.outcomes).map(([outcome, value]) => ({ value, labels: { outcome } })),
    ),
    family("gauge", "converge_last_round_seconds", "Duration of the last round.", () => [
      { value: converger.figures.lastRoundMs / 1000 },
    ]),
    family("counter", "changes_total", "Changes made to the machine, by resource.", () =>
      [...converger.work].map(([resource, { changes }]) => ({ value: changes, labels: { resource } })),
    ),
    family("counter", "packages_installed_total", "Packages that were installed with apt-get.", () => [
      { value: provisioning.dependencies.installed },
    ]),
    family("gauge", "kubelet_info", "Version of the kubelet that is installed; always 1.", () => {
      const version = converger.facts?.kubeletVersion;
      return version === undefined ? [] : [{ value: 1, labels: { version } }];
    }),
    family("counter", "artifact_downloads_total", "Downloads of kubelet and its companions, by outcome.", () =>
      (["installed", "failed"] as const).map((outcome) => ({
        value: provisioning.artifacts.figures[outcome],
        labels: { outcome },
      })),
    ),
    family("counter", "artifact_downloaded_bytes_total", "Bytes of the downloads that were installed.", () => [
      { value: provisioning.artifacts.figures.bytes },
    ]),
    family("counter", "repairs_total", "Somebody else's changes that were put back, by resource.", () =>
      [...converger.work].map(([resource, { repairs }]) => ({ value: repairs, labels: { resource } })),
    ),
    ...callFamilies("aws", "AWS", awsCalls),
    ...callFamilies("api", "the API server", apiCalls),
    family(
      "counter",
      "loop_rounds_total",
      "Rounds that a loop has finished.",
      byLoop(({ rounds }) => rounds),
    ),
    family(
      "gauge",
      "loop_lag_seconds",
      "How long ago a round should have ended that has not.",
      byLoop((loop) => loop.lagSeconds()),
    ),
  ];
}

function callFamilies(prefix: string, whom: string, callMetrics: CallMetrics): readonly Family[] {
  const name = `${prefix}_request_duration_seconds`;
  return [
    family("counter", `${prefix}_requests_total`, `Calls to ${whom}, by operation and outcome.`, () =>
      callMetrics
        .list()
        .flatMap(({ operation, outcomes }) =>
          [...outcomes].map(([outcome, value]) => ({ value, labels: { operation, outcome } })),
        ),
    ),
    family("histogram", name, `Latency of calls to ${whom}, by operation.`, () =>
      callMetrics.list().flatMap(({ operation, outcomes, buckets, totalSeconds }) => {
        const count = [...outcomes.values()].reduce((sum, value) => sum + value, 0);
        const bounds = [...LATENCY_BUCKETS.map(String), "+Inf"];
        const sample = (part: string, value: number) => ({
          value,
          labels: { operation },
          metricName: `${PREFIX}${name}_${part}`,
        });
        return [
          ...[...buckets, count].map((value, index) => ({
            value,
            labels: { operation, le: bounds[index] ?? "+Inf" },
            metricName: `${PREFIX}${name}_bucket`,
          })),
          sample("sum", totalSeconds),
          sample("count", count),
        ];
      }),
    ),
  ];
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

/** No sample rather than a wrong one. */
function moment(milliseconds: number | undefined): readonly Sample[] {
  return milliseconds === undefined ? [] : [{ value: milliseconds / 1000 }];
}
