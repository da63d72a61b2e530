// The API of the sandbox's Lambda: who may ask, how often, what goes wrong, and which call it is.
import { ANSWERS, errorAnswer } from "../../../agent/admin/lambda/shapes.ts";
import type { LambdaAccount } from "./account.ts";
import { CALLS, type Handler } from "./calls.ts";
import { initialCapacity } from "./catalogue.ts";
import { RateLimit } from "./rate-limit.ts";
import { Refusal } from "./refusal.ts";
import { type LambdaFault, type LambdaSettings, takeFault } from "./settings.ts";

const BASE = "/api/v1";
const LAUNCH = "POST /instance-operations/launch";

export interface ApiRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly authorization?: string;
  readonly body: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer, or what the client sees in its place: a connection that is closed, or one on which nothing comes. */
export type Reply = ApiAnswer | "closed" | "silence";

/** What the API works on. */
export interface ApiWorld {
  account: LambdaAccount;
  settings: LambdaSettings;
  /** Whether one machine more could run. */
  hasRoom: boolean;
  nowMs: number;
}

/** Answers requests one after the other; what lasts is in the world that each comes with. */
export class LambdaApi {
  readonly #limit = new RateLimit();

  /** Changes `world` as the request says. */
  answer(world: ApiWorld, request: ApiRequest): Reply {
    const url = new URL(request.url, "https://cloud.lambda.ai");
    const [name, id] = nameCall(request.method, url.pathname);
    if (!this.#limit.admits(world.nowMs, name === LAUNCH)) return tooMany();
    const { fault, rest } = takeFault(world.settings, name);
    world.settings = rest;
    const instead = replaceAnswer(fault);
    if (instead !== undefined && fault?.isDone !== true && instead !== "closed") return instead;
    try {
      if (fault?.kind === "key-revoked" || !isKnown(request.authorization, world.account.key))
        throw new Refusal(401, "global/invalid-api-key", "the key is not known");
      const handler = CALLS[name];
      if (handler === undefined) throw new Refusal(404, "global/not-found", `there is no ${name}`);
      const query = url.searchParams;
      const data = perform(handler, world, {
        id,
        query,
        body: readJson(request),
        isFull: fault?.kind === "capacity-gone",
      });
      return instead ?? json(200, { data: checkedAnswer(name, data) });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, code, message } = error;
      return json(status, errorAnswer.parse({ error: { code, message, suggestion: "See the sandbox's log." } }));
    }
  }
}

function perform(
  handler: Handler,
  world: ApiWorld,
  { isFull, ...request }: { id: string; query: URLSearchParams; body: unknown; isFull: boolean },
): unknown {
  const { account, settings, nowMs, hasRoom } = world;
  const runs = hasRoom || settings.launchesIdle === true;
  const capacity = isFull || !runs ? {} : { ...initialCapacity, ...settings.capacity };
  const done = handler({ account, settings, nowMs, capacity, ...request });
  if (done.account !== undefined) world.account = done.account;
  return done.data;
}

/** `GET /instances/{id}` and the id, of a method and a path. */
function nameCall(method: string, pathname: string): readonly [name: string, id: string] {
  const path = pathname.startsWith(`${BASE}/`) ? pathname.slice(BASE.length) : pathname;
  const exact = `${method} ${path}`;
  if (exact in CALLS) return [exact, ""];
  const [, collection = "", id = ""] = /^(\/[a-z-]+)\/([^/]+)$/.exec(path) ?? [];
  return id === "" ? [exact, ""] : [`${method} ${collection}/{id}`, decodeURIComponent(id)];
}

/** Bearer, or Basic with the key as user and no password. */
function isKnown(authorization: string | undefined, key: string): boolean {
  const basic = Buffer.from(`${key}:`).toString("base64");
  return authorization === `Bearer ${key}` || authorization === `Basic ${basic}`;
}

function readJson({ body, method }: ApiRequest): unknown {
  if (body === "" && method !== "POST") return undefined;
  try {
    return JSON.parse(body);
  } catch {
    throw new Refusal(400, "global/invalid-parameters", "the body is no JSON");
  }
}

/** What is shown has the shape that the client reads. @throws Error of zod, where this Lambda is wrong */
function checkedAnswer(name: string, data: unknown): unknown {
  const shapes: Readonly<Record<string, { parse(data: unknown): unknown }>> = ANSWERS;
  return shapes[name]?.parse(data) ?? data;
}

function replaceAnswer(fault: LambdaFault | undefined): Reply | undefined {
  switch (fault?.kind) {
    case "answer-lost":
      return "closed";
    case "silent":
      return "silence";
    case "html-502":
      return {
        status: 502,
        headers: { "content-type": "text/html" },
        body: "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>",
      };
    case "provider-unavailable":
      return json(503, { error: { code: "provider/internal-unavailable", message: "the provider does not answer" } });
    case "too-many-requests":
      return tooMany(fault.retryAfter);
    default:
      return undefined;
  }
}

/** The document gives 429 no shape. */
function tooMany(retryAfter?: number): ApiAnswer {
  const header = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  return { status: 429, headers: { "content-type": "text/plain", ...header }, body: "Too Many Requests\n" };
}

function json(status: number, content: unknown): ApiAnswer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(content) };
}
