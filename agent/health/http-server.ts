// A server of small answers: whatever a client sends, or does not read, costs a bounded piece of memory and time.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Log } from "../log.ts";

export interface HttpAddress {
  readonly address: string;
  readonly port: number;
}

export type Incoming = IncomingMessage;
export type Outgoing = ServerResponse;
type Socket = IncomingMessage["socket"];

export interface HttpServerOptions {
  readonly where: HttpAddress;
  /** Answers one request; what it throws is logged, and answered with 500. */
  readonly onRequest: (request: Incoming, response: Outgoing) => Promise<void>;
  /** At once. Default 32. */
  readonly maxConnections?: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const MAX_CONNECTIONS = 32;
/** A connection is closed after this long, whatever it has sent or read by then. */
const CONNECTION_SECONDS = 10;
/** One that has not asked by then, with a whole header, is closed too. */
const REQUEST_SECONDS = 5;
/** Node would look each so often for connections that are late. Each has a timer here instead: without a client nothing wakes up. */
const NEVER_MS = 2 ** 31 - 1;
const LIMITS = { maxHeaderSize: 4096, connectionsCheckingInterval: NEVER_MS } as const;

/** Serves until the signal aborts. Resolves when it listens, with a promise of the free port at the end; rejects with Node's own error. */
export async function serveHttp({
  where,
  onRequest,
  maxConnections = MAX_CONNECTIONS,
  log,
  signal,
}: HttpServerOptions): Promise<{ readonly closed: Promise<unknown> }> {
  const asked = new WeakSet<Socket>();
  const server = createServer(LIMITS, (request, response) => {
    // One request a connection: answers to further ones would pile up in memory, read or not.
    if (asked.has(request.socket)) return void request.socket.destroy();
    asked.add(request.socket);
    void onRequest(request, response).catch((err: unknown) => {
      log.error({ err, url: request.url }, "the health endpoint failed");
      answer(response, 500, "internal error\n");
    });
  });
  server.maxConnections = maxConnections;
  server.on("connection", (socket: Socket) => endInTime(socket, () => asked.has(socket)));
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

/** Answers, and closes the connection after it. */
export function answer(
  response: Outgoing,
  status: number,
  body: string | Buffer,
  type = "text/plain; charset=utf-8",
): void {
  const headers = { "content-type": type, "content-length": Buffer.byteLength(body), connection: "close" };
  response.writeHead(status, { ...headers, "cache-control": "no-store" }).end(body);
}

/** A client that neither asks nor reads must not hold one of the few places. */
function endInTime(socket: Socket, hasAsked: () => boolean): void {
  const end = () => socket.destroy();
  const timers = [
    setTimeout(() => hasAsked() || end(), REQUEST_SECONDS * 1000).unref(),
    setTimeout(end, CONNECTION_SECONDS * 1000).unref(),
  ];
  socket.once("close", () => timers.forEach(clearTimeout));
}

function listen(server: Server, { address, port }: HttpAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, address, () => {
    server.off("error", reject);
    resolve();
  });
  return promise;
}
