// What a gateway answers on its address in the VPC: knocks and health to satellites, by the address that they ask from, and metrics to the VPC.
import { SatelliteError } from "../errors.ts";
import { isOwnHost } from "../health/host-header.ts";
import { answer, type Incoming, type Outgoing, serveHttp } from "../health/http-server.ts";
import { keepAnswer } from "../health/kept-answer.ts";
import { answerProbe, type ProbeCheck } from "../health/probe.ts";
import type { PulseRole } from "../host/reach/knock-answer.ts";
import type { Log } from "../log.ts";
import type { NetworkEntry } from "../tunnel/entries.ts";
import type { GatewayHealth } from "../tunnel/health.ts";
import { KEY_CHANGE_PATH, KEY_CHANGE_STATUS } from "../tunnel/key-change.ts";
import { GATEWAY_HEALTH_PORT } from "../tunnel/names.ts";
import { isWithin, toRange } from "./peers/ipv4-range.ts";
import { serveKnocks } from "./reach/knock-server.ts";

export interface GatewaySources {
  /** To the one who asks from this address. */
  readonly health: (address: string) => GatewayHealth;
  /** Of the health, while this address has knocked: sixteen hexadecimal digits; undefined where it is no node's. */
  readonly digest: (address: string) => string | undefined;
  /** The satellite of this address has knocked: what its health says is to be kept fresh. */
  readonly onKnock: (address: string) => void;
  /** The satellite of this address wants to change to a key. */
  readonly onKeyChange: (address: string, key: string) => Promise<keyof typeof KEY_CHANGE_STATUS>;
  readonly role: () => PulseRole;
  readonly livez: () => readonly ProbeCheck[];
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
  /** Whose networks may ask; undefined while they are not known. */
  readonly network: () => NetworkEntry | undefined;
  readonly monotonic: () => number;
}

export interface GatewayServerOptions {
  /** In the VPC; undefined while it is not known. */
  readonly address: () => string | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A satellite connects when something changes, and once in ten minutes, for some milliseconds; one of an earlier version each minute. */
const MAX_CONNECTIONS = 256;
/** IPv4 in IPv6's form, as a socket of both shows it. */
const MAPPED = /^::ffff:/;

const LOOPBACK = "127.0.0.1";

type Asker = "satellite" | "vpc" | "stranger";

/** Listens on the gateway's address, and tries again each round while it does not. */
export class GatewayServer {
  readonly #options: GatewayServerOptions;
  #address: string | undefined;
  #stop = new AbortController();

  constructor(options: GatewayServerOptions) {
    this.#options = options;
  }

  /** @throws health-port-taken */
  async round(sources: GatewaySources): Promise<void> {
    const address = this.#options.address();
    if (address === undefined || address === this.#address) return;
    this.#stop.abort();
    this.#stop = new AbortController();
    await serveGateway(address, sources, this.#options.log, AbortSignal.any([this.#options.signal, this.#stop.signal]));
    this.#address = address;
  }
}

/** Serves until the signal aborts. Resolves when it listens. @throws health-port-taken */
export async function serveGateway(
  address: string,
  sources: GatewaySources,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const metrics = keepAnswer(sources.metrics, sources.monotonic);
  const where = { address, port: GATEWAY_HEALTH_PORT };
  const onRequest = (request: Incoming, response: Outgoing) =>
    answerRequest(request, response, address, { ...sources, metrics });
  const isSatellite = (from: string) => askerOf(from, address, sources.network()) === "satellite";
  try {
    const { onKnock, role, digest } = sources;
    await serveKnocks({ ...where, isSatellite, onKnock, role, digest }, signal);
    await serveHttp({ where, onRequest, maxConnections: MAX_CONNECTIONS, log, signal });
  } catch (cause) {
    throw new SatelliteError("health-port-taken", `the gateway cannot listen on ${address}:${where.port}`, {
      hint: `ss -ltnp 'sport = :${where.port}' shows which process does; address in gateway.yaml must be one of this machine's.`,
      cause,
    });
  }
}

async function answerRequest(
  request: Incoming,
  response: Outgoing,
  address: string,
  sources: GatewaySources,
): Promise<void> {
  const from = (request.socket.remoteAddress ?? "").replace(MAPPED, "");
  const asker = askerOf(from, address, sources.network());
  if (asker === "stranger") return void request.socket.destroy();
  const { method, headers, url = "/" } = request;
  if (!isOwnHost(headers.host)) return answer(response, 421, `ask for ${address}\n`);
  const [path, query = ""] = url.split("?");
  if (method === "POST" && path === KEY_CHANGE_PATH && asker === "satellite") {
    const consent = await sources.onKeyChange(from, new URLSearchParams(query).get("key") ?? "");
    return answer(response, KEY_CHANGE_STATUS[consent], `${consent}\n`);
  }
  if (method !== "GET" && method !== "HEAD")
    return answer(response.setHeader("allow", "GET, HEAD"), 405, "read-only\n");
  if (path === "/healthz")
    return answer(response, 200, `${JSON.stringify(sources.health(from))}\n`, "application/json; charset=utf-8");
  if (asker === "vpc" && path === "/livez") {
    const { status, body } = answerProbe("livez", sources.livez(), new URLSearchParams(query));
    return answer(response, status, body);
  }
  if (asker === "vpc" && path === "/metrics") {
    const { contentType, body } = await sources.metrics();
    return answer(response, 200, body, contentType);
  }
  return answer(response, 404, "/healthz, /livez, /metrics\n");
}

/** The instance itself counts as the VPC. What a satellite is shown is about itself: the metrics name the others. */
function askerOf(from: string, own: string, network: NetworkEntry | undefined): Asker {
  if (from === own || from === LOOPBACK) return "vpc";
  if (network === undefined || !/^[\d.]+$/.test(from)) return "stranger";
  const isIn = (cidr: string | undefined) => cidr !== undefined && isWithin(toRange(from), toRange(cidr));
  if (isIn(network.nodes) || isIn(network.pods)) return "satellite";
  return network.vpcCidrs.some(isIn) ? "vpc" : "stranger";
}
