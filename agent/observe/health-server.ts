// What the node says of itself, on loopback: /livez for a probe, /status for a person or a collector. It reads, and nothing else.
import { createServer, type Server, type ServerResponse } from "node:http";
import { SatelliteError } from "../errors.ts";
import type { Log } from "../log.ts";

export interface HealthSources {
  /** Names of the loops that have not finished a round for three periods. */
  readonly overdueLoops: () => readonly string[];
  /** The document behind /status. */
  readonly status: () => object;
}

const HOST = "127.0.0.1";

/** Serves until the signal aborts. Resolves when it listens. @throws health-port-taken */
export async function serveHealth(port: number, sources: HealthSources, log: Log, signal: AbortSignal): Promise<void> {
  const server = createServer((request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") return answer(response, 405, "read-only\n");
    switch (request.url?.split("?")[0]) {
      case "/livez": {
        const overdue = sources.overdueLoops();
        return overdue.length === 0
          ? answer(response, 200, "ok\n")
          : answer(response, 503, `overdue: ${overdue.join(", ")}\n`);
      }
      case "/status":
        return answer(response, 200, `${JSON.stringify(sources.status(), undefined, 2)}\n`, "application/json");
      default:
        return answer(response, 404, "/livez, /status\n");
    }
  });
  await listen(server, port);
  log.debug({ port }, "health endpoint listens");
  signal.addEventListener("abort", () => server.close().closeAllConnections(), { once: true });
}

function answer(response: ServerResponse, status: number, body: string, type = "text/plain"): void {
  response.writeHead(status, { "content-type": `${type}; charset=utf-8` }).end(body);
}

function listen(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (cause) =>
    reject(
      new SatelliteError("health-port-taken", `the health endpoint cannot listen on ${HOST}:${port}`, {
        hint: `ss -ltnp 'sport = :${port}' shows who does; or set health.port.`,
        cause,
      }),
    ),
  );
  server.listen(port, HOST, resolve);
  return promise;
}
