// The local endpoint as a whole: probes, status and metrics of the parts, on the address that the configuration names.
import type { ConditionBoard } from "../board/conditions.ts";
import { isLoopback } from "../config/health-schema.ts";
import type { Config } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import type { Loop } from "../loop/loop.ts";
import { createLoopReport } from "../loop/loop-report.ts";
import { serveHealth } from "./health-server.ts";
import { createMetrics, type MetricSource } from "./metrics.ts";
import { probesOf } from "./probe.ts";
import { createStatus, type StatusSource } from "./status.ts";

/** The parts of the daemon by name; those that have a `status()` or `metrics()` are shown. */
export interface EndpointParts {
  readonly config: Config;
  readonly board: ConditionBoard;
  readonly log: Log;
  readonly host: Pick<Host, "clock">;
}

export interface EndpointSources {
  readonly parts: EndpointParts;
  readonly loops: readonly Loop[];
  /** How long this process took from its start to its loops running, milliseconds. */
  readonly startMs: number;
}

/**
 * Serves until the signal aborts, and resolves when the port is free again. A node without its health endpoint is worth more than
 * no node: a failure is logged, not thrown.
 */
export async function startEndpoint({ parts, loops, startMs }: EndpointSources, signal: AbortSignal): Promise<void> {
  const { config, board, log, host } = parts;
  const { monotonic } = host.clock;
  const { address } = config.health;
  if (!isLoopback(address))
    log.warn({ address }, "the health endpoint answers every host that reaches it (health.allowRemote)");
  const shown: readonly unknown[] = [...Object.values(parts), createLoopReport(loops)];
  const documents = {
    status: createStatus({ config, startMs, sources: shown.filter(isStatusSource) }),
    metrics: createMetrics(shown.filter(isMetricSource)),
  };
  try {
    const { closed } = await serveHealth(
      config.health,
      { ...probesOf(board, loops), ...documents, monotonic },
      log,
      signal,
    );
    await closed;
  } catch (err) {
    log.error({ err });
  }
}

function isStatusSource(part: unknown): part is StatusSource {
  return typeof (part as Partial<StatusSource> | undefined)?.status === "function";
}

function isMetricSource(part: unknown): part is MetricSource {
  return typeof (part as Partial<MetricSource> | undefined)?.metrics === "function";
}
