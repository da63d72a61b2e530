// Families of metrics that have samples, so that their labels are known: the parts of a daemon on fakes, and figures made up for what
// a daemon that has not run has no numbers of.
import { convergerMetrics } from "../../agent/apply/converger-report.ts";
import type { Family } from "../../agent/board/metric-family.ts";
import { gpuFamilies } from "../../agent/gpu/gpu-metrics.ts";
import { listFamilies, type MetricSource } from "../../agent/health/metrics.ts";
import { kubeletMetrics } from "../../agent/kubelet/kubelet-report.ts";
import { createLoopReport } from "../../agent/loop/loop-report.ts";
import { createLoops } from "../../agent/loops.ts";
import { carrierFamilies } from "../../agent/network/carrier/carrier-report.ts";
import { renderTunnelMetrics } from "../../agent/network/tunnel-status.ts";
import { tunnelMetrics } from "../../agent/network/watch/tunnel-report.ts";
import { createParts, type Parts } from "../../agent/parts.ts";
import { MemoryAws } from "../../test/fakes/memory-aws.ts";
import { MemoryHost } from "../../test/fakes/memory-host.ts";
import { createMemoryLog } from "../../test/fakes/memory-log.ts";
import { DEFAULTS } from "./defaults.ts";

/** What a metric is, with the names of its labels. */
export interface Metric {
  readonly name: string;
  readonly type: Family["type"];
  readonly help: string;
  readonly labels: readonly string[];
}

/** Without samples until the daemon knows the time, or the version: they have no labels, or that one. */
const LABELS_WITHOUT_SAMPLES: Readonly<Record<string, readonly string[]>> = {
  eks_satellite_aws_keys_expiry_timestamp_seconds: [],
  eks_satellite_token_expiry_timestamp_seconds: [],
  eks_satellite_client_certificate_expiry_timestamp_seconds: [],
  eks_satellite_serving_certificate_expiry_timestamp_seconds: [],
  eks_satellite_services_answered_timestamp_seconds: [],
  eks_satellite_cluster_dns_answered_timestamp_seconds: [],
  eks_satellite_dns_cache_answered_timestamp_seconds: [],
  eks_satellite_dns_cache_latency_seconds: [],
  eks_satellite_dns_cache_answers_total: ["kind"],
  eks_satellite_pod_addresses_used: [],
  eks_satellite_pod_addresses_capacity: [],
  eks_satellite_kubelet_start_timestamp_seconds: [],
  eks_satellite_kubelet_info: ["version"],
  eks_satellite_tunnel_mtu_bytes: [],
  eks_satellite_tunnel_key_made_timestamp_seconds: [],
  eks_satellite_check_findings: ["outcome"],
  eks_satellite_programs_started_total: ["program"],
  eks_satellite_check_timestamp_seconds: [],
};

/** Every metric of the daemon, in the order of /metrics. @throws Error when the labels of one are not known */
export async function listMetrics(): Promise<readonly Metric[]> {
  const parts = buildParts();
  for (const calls of [parts.awsCalls, parts.apiCalls]) await calls.measure("Sample", async () => undefined);
  const loops = createLoopReport(Object.values(createLoops(parts)));
  const sources: readonly unknown[] = [...Object.values(parts), loops];
  const samples = new Map(sampleFamilies().map((family) => [family.name, family]));
  return listFamilies(sources.filter(isMetricSource)).map((family) => {
    const { name, type, help } = family;
    return { name, type, help, labels: labelsOf(family.samples().length > 0 ? family : (samples.get(name) ?? family)) };
  });
}

function buildParts(): Parts {
  const host = new MemoryHost();
  return createParts({
    host,
    aws: new MemoryAws(host.clock.now),
    config: DEFAULTS,
    configFile: "/etc/eks-satellite/config.yaml",
    log: createMemoryLog().log,
    environment: {},
    signal: new AbortController().signal,
    emit: () => undefined,
  });
}

function sampleFamilies(): readonly Family[] {
  const busId = "0000:06:00.0";
  const reading = {
    ...{ busId, needsReset: false, isLost: false, temperatureCelsius: 40, utilizationPercent: 50, powerWatts: 100 },
    ...{ memoryTotalMebibytes: 2, memoryUsedMebibytes: 1 },
  };
  const sample = { busId, count: 1, text: "", action: "none" as const, isStanding: false };
  const xids = [{ ...sample, xid: 13 }];
  return [
    ...gpuFamilies(() => ({
      facts: { busIds: [busId], nvSwitches: 0, driven: [], deviceNodes: 1 },
      gpus: [{ busId, reading, faults: [], xids }],
      switchEvents: [{ ...sample, xid: 12_028, isSwitch: true as const }],
      runtime: { defaultRuntime: "nvidia", isCdiEnabled: true, gpuOperator: false } as never,
    })),
    ...kubeletMetrics({
      state: { ...{ pid: 1, startedAtMs: 0, ageMs: 0, lastExit: "" }, restarts: 1, restartsByReason: { exited: 1 } },
      failedPulls: new Map([["docker.io", 1]]),
    }),
    ...convergerMetrics({
      facts: undefined,
      figures: { rounds: 1, outcomes: { ok: 1 }, changes: 1, repairs: 1, lastRoundMs: 1 },
      work: new Map([["file:/etc/example", { changes: 1, lastChangedAtMs: 0, repairs: 1 }]]),
      files: [],
    }),
    ...carrierFamilies(() => ({
      gateways: [{ name: "", endpoint: "", interface: "es0", carries: true, answers: true, role: undefined }],
      failovers: 0,
    })),
    ...renderTunnelMetrics(() => ({ kind: "wanted", tunnel: { gateways: [] } }) as never),
    ...tunnelMetrics(() => ({
      knocks: { misses: 0, peerRestarts: 0, latencyMs: 1 },
      peer: { ownKey: "", handshakeMs: 0, receivedBytes: 0, sentBytes: 0 },
      traffic: { receivedBytes: 0, sentBytes: 0 },
    })),
  ];
}

function labelsOf({ name, samples }: Family): readonly string[] {
  const names = [...new Set(samples().flatMap(({ labels = {} }) => Object.keys(labels)))];
  const known = samples().length > 0 ? names.filter((label) => label !== "le") : LABELS_WITHOUT_SAMPLES[name];
  if (known === undefined) throw new Error(`scripts/docs/sample-metrics.ts has no sample of ${name}`);
  return known;
}

function isMetricSource(part: unknown): part is MetricSource {
  return typeof (part as Partial<MetricSource> | undefined)?.metrics === "function";
}
