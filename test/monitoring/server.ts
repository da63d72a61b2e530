// A real Prometheus of Debian's, and a server of recorded texts for it to scrape.
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { waitFor } from "../sandbox/wait.ts";
import { prometheusPrograms } from "./promtool.ts";
import { moveTimes, readRecording } from "./recordings.ts";

/** One series of an answer. */
export interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface Prometheus {
  readonly url: string;
  /** Asks for the present. @throws Error with Prometheus' own words when the query is wrong */
  readonly query: (expr: string) => Promise<readonly Found[]>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

export interface PrometheusOptions {
  /** By name below its folder, in which it runs; the configuration is `prometheus.json`. */
  readonly files: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

/** Starts one on a free port of loopback. @throws Error when it is not ready in time */
export async function startPrometheus({ files, flags = [] }: PrometheusOptions): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), "prometheus-"));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const port = await freePort();
  const program = join(await prometheusPrograms(), "prometheus");
  const args = ["--config.file=prometheus.json", `--web.listen-address=127.0.0.1:${port}`, ...flags];
  const child = execa(program, args, { cwd: folder, all: true, reject: false, cleanup: true });
  let said = "";
  child.all.on("data", (piece: Buffer) => {
    said = `${said}${piece}`.slice(-4000);
  });
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill("SIGTERM");
    await child;
    await rm(folder, { recursive: true });
  };
  const wait = { what: "Prometheus to be ready", deadlineMs: 60_000, explain: () => said };
  await waitFor(wait, async () => (await fetch(`${url}/-/ready`)).ok).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { url, query: (expr) => query(url, expr), [Symbol.asyncDispose]: stop };
}

async function query(url: string, expr: string): Promise<readonly Found[]> {
  const response = await fetch(`${url}/api/v1/query`, { method: "POST", body: new URLSearchParams({ query: expr }) });
  const answer = (await response.json()) as {
    readonly error?: string;
    readonly data?: { readonly result: readonly Found[] };
  };
  if (answer.data === undefined) throw new Error(`${expr}\n${answer.error}`);
  return answer.data.result;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Served {
  /** Host and port. */
  readonly address: string;
  readonly [Symbol.dispose]: () => void;
}

/** Serves each recording below its name, as if it were of now, and `healthy` as /metrics. */
export function serveRecordings(): Promise<Served> {
  return listen(createServer(answerRecording));
}

/** The same behind TLS, as kube-rbac-proxy does: only /metrics, and only to this token. */
export function serveProxy(token: string): Promise<Served> {
  const read = (name: string) => readFileSync(join(import.meta.dirname, "../fixtures/certificates", name));
  const certificate = { key: read("localhost.key"), cert: read("localhost.pem") };
  return listen(
    createTlsServer(certificate, (request, response) => {
      if (request.url !== "/metrics") return void response.writeHead(404).end();
      if (request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end();
      answerRecording(request, response);
    }),
  );
}

function answerRecording(request: IncomingMessage, response: ServerResponse): void {
  const name = request.url === "/metrics" ? "healthy" : (request.url ?? "").slice(1);
  response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
  response.end(moveTimes(readRecording(name), Math.round(Date.now() / 1000)));
}

async function listen(server: Server): Promise<Served> {
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, [Symbol.dispose]: () => void server.close().closeAllConnections() };
}
