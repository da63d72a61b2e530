// The local endpoint as a whole: probes, status and metrics of the running parts, where the configuration wants them.
import { isLoopback } from "../config/health-schema.ts";
import type { Log } from "../log.ts";
import { serveHealth } from "./health-server.ts";
import { createMetrics, type MetricSources } from "./metrics.ts";
import { probesOf } from "./probe.ts";
import { createStatus, type StatusSources } from "./status.ts";

/** Serves until the signal aborts. A node without its health endpoint is worth more than no node: a failure is told, not thrown. */
export async function startEndpoint(
  sources: MetricSources & StatusSources,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { config, board, loops } = sources;
  if (!isLoopback(config.health.address))
    log.warn(
      { address: config.health.address },
      "the health endpoint is open to whoever reaches it (health.allowRemote)",
    );
  const documents = { status: createStatus(sources), metrics: createMetrics(sources) };
  await serveHealth(config.health, { ...probesOf(board, loops), ...documents }, log, signal).catch((err) =>
    log.error({ err }),
  );
}
