// What the node says of itself over HTTP: probes, /status for people and collectors, /metrics for Prometheus. It only reads.
// Every pod on the host's network reaches it: whatever a client sends, it costs a bounded piece of memory and time.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { SatelliteError } from "../errors.ts";
import type { Log } from "../log.ts";
import { isOwnHost } from "./host-header.ts";
import { HTTP_PATHS } from "./http-paths.ts";
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

export interface HealthAddress {
  readonly address: string;
  readonly port: number;
}

type Socket = IncomingMessage["socket"];

const PATHS = Object.keys(HTTP_PATHS).join(", ");
const MAX_CONNECTIONS = 32;
/** A connection is closed after this long, whatever it has sent or read by then. */
const CONNECTION_SECONDS = 10;
const LIMITS = {
  maxHeaderSize: 4096,
  headersTimeout: 5000,
  requestTimeout: 5000,
  connectionsCheckingInterval: 2000,
} as const;

interface Documents {
  readonly status: () => Promise<Buffer>;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: Buffer }>;
}

/** Serves until the signal aborts. Resolves when it listens, with a promise of the free port at the end. @throws health-port-taken */
export async function serveHealth(
  where: HealthAddress,
  sources: HealthSources,
  log: Log,
  signal: AbortSignal,
): Promise<{ readonly closed: Promise<unknown> }> {
  const documents = renderDocuments(sources);
  const asked = new WeakSet<Socket>();
  const server = createServer(LIMITS, (request, response) => {
    // One request a connection: answers to further ones would pile up in memory, read or not.
    if (asked.has(request.socket)) return void request.socket.destroy();
    asked.add(request.socket);
    void answerRequest(request, response, { where, sources, documents }).catch((err: unknown) => {
      log.error({ err, url: request.url }, "the health endpoint failed");
      answer(response, 500, "internal error\n");
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on("connection", endInTime);
  await listen(server, where);
  // E.g. EMFILE on accept, again and again: the endpoint listens on.
  server.on("error", (err) => log.warn({ err }, "the health endpoint failed"));
  log.debug(where, "health endpoint listens");
  const closed = new Promise((resolve) => server.once("close", resolve)); // events.once would reject at an error.
  const close = () => server.close().closeAllConnections();
  if (signal.aborted) close();
  else signal.addEventListener("abort", close, { once: true });
  return { closed };
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

/** A client that neither asks nor reads must not hold one of the few places. */
function endInTime(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), CONNECTION_SECONDS * 1000).unref();
  socket.once("close", () => clearTimeout(timer));
}

interface Answers {
  readonly where: HealthAddress;
  readonly sources: HealthSources;
  readonly documents: Documents;
}

async function answerRequest(
  { method, headers, url = "/" }: IncomingMessage,
  response: ServerResponse,
  answers: Answers,
): Promise<void> {
  const { address } = answers.where;
  if (!isOwnHost(headers.host, address))
    return answer(response, 421, `ask for ${address} or localhost, and not for another name\n`);
  if (method !== "GET" && method !== "HEAD")
    return answer(response.setHeader("allow", "GET, HEAD"), 405, "read-only\n");
  await answerPath(url, answers, response);
}

async function answerPath(url: string, { sources, documents }: Answers, response: ServerResponse): Promise<void> {
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

function answer(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  type = "text/plain; charset=utf-8",
): void {
  const headers = { "content-type": type, "content-length": Buffer.byteLength(body), connection: "close" };
  response.writeHead(status, { ...headers, "cache-control": "no-store" }).end(body);
}

function listen(server: Server, { address, port }: HealthAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const refuse = (cause: unknown) =>
    reject(
      new SatelliteError("health-port-taken", `the health endpoint cannot listen on ${address}:${port}`, {
        hint: `ss -ltnp 'sport = :${port}' shows which process does; or set health.port.`,
        cause,
      }),
    );
  server.once("error", refuse);
  server.listen(port, address, () => {
    server.off("error", refuse);
    resolve();
  });
  return promise;
}
