// What the node says of itself over HTTP: probes, /status for people and collectors, /metrics for Prometheus. It only reads.
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { SatelliteError } from "../errors.ts";
import type { Log } from "../log.ts";
import { HTTP_PATHS } from "./http-paths.ts";
import { answerProbe, type ProbeCheck } from "./probe.ts";

export interface HealthSources {
  /** Every loop, with what is wrong when it has not finished a round for three periods. */
  readonly livez: () => readonly ProbeCheck[];
  /** Every critical condition, root causes first. */
  readonly readyz: () => readonly ProbeCheck[];
  /** The document behind /status. */
  readonly status: () => object;
  /** Prometheus' text format, and its content type. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface HealthAddress {
  readonly address: string;
  readonly port: number;
}

const PATHS = Object.keys(HTTP_PATHS).join(", ");

/** Serves until the signal aborts. Resolves when it listens, with a promise of the free port at the end. @throws health-port-taken */
export async function serveHealth(
  where: HealthAddress,
  sources: HealthSources,
  log: Log,
  signal: AbortSignal,
): Promise<{ readonly closed: Promise<unknown> }> {
  const server = createServer((request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD")
      return answer(response.setHeader("allow", "GET, HEAD"), 405, "read-only\n");
    void answerPath(request.url ?? "/", sources, response).catch((err: unknown) => {
      log.error({ err, url: request.url }, "the health endpoint failed");
      answer(response, 500, "internal error\n");
    });
  });
  await listen(server, where);
  log.debug(where, "health endpoint listens");
  const closed = once(server, "close");
  const close = () => server.close().closeAllConnections();
  if (signal.aborted) close();
  else signal.addEventListener("abort", close, { once: true });
  return { closed };
}

async function answerPath(url: string, sources: HealthSources, response: ServerResponse): Promise<void> {
  const [path, query = ""] = url.split("?");
  const probe = (name: string, checks: readonly ProbeCheck[]) => {
    const { status, body } = answerProbe(name, checks, new URLSearchParams(query));
    answer(response, status, body);
  };
  switch (path) {
    case "/livez":
      return probe("livez", sources.livez());
    case "/readyz":
    case "/healthz":
      return probe(path.slice(1), sources.readyz());
    case "/status":
      return answer(
        response,
        200,
        `${JSON.stringify(sources.status(), undefined, 2)}\n`,
        "application/json; charset=utf-8",
      );
    case "/metrics": {
      const { contentType, body } = await sources.metrics();
      return answer(response, 200, body, contentType);
    }
    default:
      return answer(response, 404, `${PATHS}\n`);
  }
}

function answer(response: ServerResponse, status: number, body: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(body);
}

function listen(server: Server, { address, port }: HealthAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (cause) =>
    reject(
      new SatelliteError("health-port-taken", `the health endpoint cannot listen on ${address}:${port}`, {
        hint: `ss -ltnp 'sport = :${port}' shows which process does; or set health.port.`,
        cause,
      }),
    ),
  );
  server.listen(port, address, resolve);
  return promise;
}
