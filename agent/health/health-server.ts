// What the node says of itself over HTTP: probes, /status for people and collectors, /metrics for Prometheus. It only reads.
import { SatelliteError } from "../errors.ts";
import type { Log } from "../log.ts";
import { isOwnHost } from "./host-header.ts";
import { HTTP_PATHS } from "./http-paths.ts";
import { answer, type HttpAddress, type Incoming, type Outgoing, serveHttp } from "./http-server.ts";
import { keepAnswer } from "./kept-answer.ts";
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
  /** Milliseconds by a clock that nothing sets. Default: the process's. */
  readonly monotonic?: () => number;
}

const PATHS = Object.keys(HTTP_PATHS).join(", ");

interface Documents {
  readonly status: () => Promise<Buffer>;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: Buffer }>;
}

/** Serves until the signal aborts. Resolves when it listens, with a promise of the free port at the end. @throws health-port-taken */
export async function serveHealth(
  where: HttpAddress,
  sources: HealthSources,
  log: Log,
  signal: AbortSignal,
): Promise<{ readonly closed: Promise<unknown> }> {
  const documents = renderDocuments(sources);
  const onRequest = (request: Incoming, response: Outgoing) => answerRequest(request, response, { sources, documents });
  return serveHttp({ where, onRequest, log, signal }).catch((cause: unknown) => {
    const { address, port } = where;
    throw new SatelliteError("health-port-taken", `the health endpoint cannot listen on ${address}:${port}`, {
      hint: `ss -ltnp 'sport = :${port}' shows which process does; or set health.port.`,
      cause,
    });
  });
}

function renderDocuments({ status, metrics, monotonic }: HealthSources): Documents {
  return {
    status: keepAnswer(() => Buffer.from(`${JSON.stringify(status(), undefined, 2)}\n`), monotonic),
    metrics: keepAnswer(async () => {
      const { contentType, body } = await metrics();
      return { contentType, body: Buffer.from(body) };
    }, monotonic),
  };
}

interface Answers {
  readonly sources: HealthSources;
  readonly documents: Documents;
}

async function answerRequest(
  { method, headers, url = "/" }: Incoming,
  response: Outgoing,
  answers: Answers,
): Promise<void> {
  if (!isOwnHost(headers.host))
    return answer(response, 421, `ask for localhost or by an address, not by another name\n`);
  if (method !== "GET" && method !== "HEAD")
    return answer(response.setHeader("allow", "GET, HEAD"), 405, "read-only\n");
  await answerPath(url, answers, response);
}

async function answerPath(url: string, { sources, documents }: Answers, response: Outgoing): Promise<void> {
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
      return answer(response, 200, await documents.status(), "application/json; charset=utf-8");
    case "/metrics": {
      const { contentType, body } = await documents.metrics();
      return answer(response, 200, body, contentType);
    }
    default:
      return answer(response, 404, `${PATHS}\n`);
  }
}
