// The document behind /status: what the node knows of itself, without secrets. status-schema.ts is its shape.

import type { Converger } from "../apply/converger.ts";
import type { ClusterCache } from "../aws/cluster-cache.ts";
import type { Condition, ConditionBoard, Report } from "../board/conditions.ts";
import type { EventRing, SatelliteEvent } from "../board/events.ts";
import { readVerdict } from "../board/verdict.ts";
import type { Config } from "../config/schema.ts";
import type { AwsSession } from "../credentials/aws-session.ts";
import { sourceName } from "../credentials/credential-source.ts";
import { renderGpuStatus } from "../gpu/gpu-status.ts";
import type { GpuView } from "../gpu/gpu-watch.ts";
import type { Kubelet } from "../kubelet/kubelet.ts";
import type { Loop } from "../loop/loop.ts";
import { providerIdOf } from "../plan/node-identity.ts";
import { VERSION } from "../version.ts";
import type { StatusDocument } from "./status-schema.ts";

export interface StatusSources {
  readonly config: Config;
  readonly board: ConditionBoard;
  readonly session: AwsSession;
  readonly cluster: ClusterCache;
  readonly kubelet: Kubelet;
  readonly converger: Converger;
  readonly loops: readonly Loop[];
  readonly events: EventRing;
  /** When the serving certificate as last seen ends, milliseconds since the epoch. */
  readonly servingCertificateExpiresAtMs: () => number | undefined;
  /** GPUs as last seen. */
  readonly gpu: () => GpuView | undefined;
  /** How long this process took from its start to its loops running, milliseconds. */
  readonly startMs: number;
}

const LAST_ERRORS = 10;

/** Returns what renders the document anew at each call. Times are ISO 8601. */
export function createStatus(sources: StatusSources): () => StatusDocument {
  const { config, board, session, cluster, converger, loops, events, startMs } = sources;
  return () => {
    const { facts } = converger;
    const { machine } = facts ?? {};
    const warnings = events.list().filter(({ type }) => type === "Warning");
    const { outcomes: _, ...converge } = converger.figures;
    return withoutUndefined({
      schemaVersion: 1,
      version: VERSION,
      startedAt: isoTime(performance.timeOrigin),
      startMs,
      verdict: readVerdict(board),
      rootCauses: board.rootCauses().map(({ type }) => type),
      conditions: board.list().map(renderCondition),
      node: {
        name: config.node.name,
        identity: config.node.identity,
        providerId: providerIdOf(config),
        architecture: machine?.architecture,
        operatingSystem: machine?.operatingSystem,
        kernel: machine?.kernel,
      },
      cluster: {
        ...config.cluster,
        endpoint: cluster.facts?.endpoint,
        version: cluster.facts?.version,
        describedAt: isoTime(cluster.facts?.fetchedAtMs),
      },
      credentials: {
        source: sourceName(config.credentials),
        keysExpireAt: isoTime(session.keys?.expiresAtMs),
        keysRenewAt: session.keys === undefined ? undefined : isoTime(session.renewAtMs),
        tokenExpiresAt: isoTime(session.token?.expiresAtMs),
        certificateExpiresAt: isoTime(session.certificateExpiresAtMs),
        servingCertificateExpiresAt: isoTime(sources.servingCertificateExpiresAtMs()),
      },
      kubelet: renderKubelet(sources),
      containerd: { version: facts?.containerd?.version },
      gpu: renderGpuStatus(sources.gpu()),
      versions: { node: process.versions.node },
      converge,
      files: renderFiles(converger),
      loops: loops.map((loop) => ({
        name: loop.name,
        everySeconds: loop.everySeconds,
        rounds: loop.rounds,
        lagSeconds: loop.lagSeconds(),
        isOverdue: loop.isOverdue(),
      })),
      events: events.list().map(renderEvent),
      lastErrors: warnings.slice(-LAST_ERRORS).map(renderEvent),
    }) as StatusDocument;
  };
}

function renderCondition({ sinceMs, pending, ...condition }: Condition) {
  return {
    ...condition,
    since: isoTime(sinceMs),
    ...(pending === undefined ? {} : { pending: renderPending(pending) }),
  };
}

function renderPending({ sinceMs, ...report }: Report & { readonly sinceMs: number }) {
  return { ...report, since: isoTime(sinceMs) };
}

function renderKubelet({ kubelet, converger }: StatusSources) {
  const { startedAtMs, ...status } = kubelet.status();
  return { version: converger.facts?.kubeletVersion, ...status, startedAt: isoTime(startedAtMs) };
}

function renderFiles(converger: Converger) {
  return converger.files.map(({ path, sha256, mode, work }) => ({
    path,
    sha256,
    mode: mode.toString(8).padStart(4, "0"),
    changes: work?.changes ?? 0,
    lastChangedAt: isoTime(work?.lastChangedAtMs),
    repairs: work?.repairs ?? 0,
    lastRepairAt: isoTime(work?.lastRepairAtMs),
  }));
}

function renderEvent({ atMs, ...event }: SatelliteEvent) {
  return { at: isoTime(atMs), ...event };
}

/** Absent and undefined are the same in JSON; the schema's optional fields are absent. */
function withoutUndefined<T>(document: T): T {
  return JSON.parse(JSON.stringify(document)) as T;
}

function isoTime(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined || !Number.isFinite(milliseconds)
    ? undefined
    : new Date(milliseconds).toISOString();
}
