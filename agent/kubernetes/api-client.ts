// Requests to the API server: each with token, CA and deadline, and with the errors of api-error.ts.
import type { ClusterFacts } from "../aws/cluster.ts";
import { SatelliteError } from "../errors.ts";
import type { Host, HttpRequest, HttpResponse } from "../host/host.ts";
import type { Secret } from "../secret.ts";
import { answerError, silenceError } from "./api-error.ts";
import { nodeErrorTexts } from "./node-error-texts.ts";

const DEADLINE_SECONDS = 10;
/** Bookmarks come about once a minute: a watch that is silent for longer than this is a dead connection. */
const WATCH_SILENCE_SECONDS = 150;

export const MERGE_PATCH = "application/merge-patch+json";
/** Knows the items of some lists, such as a Node's conditions, by their type. */
export const STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json";

export interface ApiClientOptions {
  readonly host: Pick<Host, "fetch" | "follow">;
  readonly cluster: ClusterFacts;
  /** The current token. @throws when there is none */
  readonly token: () => Secret;
  /** For each request. Default 10 s. */
  readonly deadlineSeconds?: number;
}

/** One line of a watch's answer (Kubernetes API concepts, "Efficient detection of changes"). */
export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

/**
 * The API server, as this node. Paths begin with `/api`.
 * Each call throws api-unreachable, api-untrusted, api-unauthorized, api-forbidden, api-denied, api-conflict, api-failed.
 */
export interface ApiClient {
  get<T>(path: string): Promise<T>;
  post(path: string, document: object): Promise<void>;
  /** Posts a question, such as a review, and returns the answer. */
  ask<T>(path: string, document: object): Promise<T>;
  /** @param type {@link MERGE_PATCH} or {@link STRATEGIC_MERGE_PATCH} */
  patch(path: string, type: string, document: object): Promise<void>;
  delete(path: string): Promise<void>;
  /** Hands over each event until the server ends the connection or the signal aborts. @throws watch-ended too */
  watch<T>(path: string, onEvent: (event: WatchEvent<T>) => void, signal: AbortSignal): Promise<void>;
}

/** Creates the client. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const send = async (method: HttpRequest["method"], path: string, content?: Content) => {
    const request = { ...createRequest(options, path, content), method };
    const name = `${method} ${path}`;
    const response = await options.host.fetch(request).catch((cause: unknown) => {
      throw silenceError(nodeErrorTexts(options.cluster), name, cause);
    });
    return checkAnswer(options, name, response).body;
  };
  const post = (path: string, document: object) => send("POST", path, { type: "application/json", document });
  return {
    get: async <T>(path: string) => JSON.parse(await send("GET", path)) as T,
    post: async (path, document) => void (await post(path, document)),
    ask: async <T>(path: string, document: object) => JSON.parse(await post(path, document)) as T,
    patch: async (path, type, document) => void (await send("PATCH", path, { type, document })),
    delete: async (path) => void (await send("DELETE", path)),
    watch: (path, onEvent, signal) => watch(options, path, (line) => onEvent(JSON.parse(line)), signal),
  };
}

async function watch(
  options: ApiClientOptions,
  path: string,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const request = { ...createRequest(options, path), onLine, silenceSeconds: WATCH_SILENCE_SECONDS, signal };
  const response = await options.host.follow(request).catch((cause: unknown) => {
    throw new SatelliteError("watch-ended", `the watch of ${path.split("?")[0]} ended`, { cause });
  });
  checkAnswer(options, `watch ${path}`, response);
}

interface Content {
  readonly type: string;
  readonly document: object;
}

/** The cluster's CA alone is trusted. */
function createRequest(
  { cluster, token, deadlineSeconds = DEADLINE_SECONDS }: ApiClientOptions,
  path: string,
  content?: Content,
): HttpRequest {
  const headers = { authorization: `Bearer ${token().reveal()}`, accept: "application/json" };
  const request = { url: cluster.endpoint + path, headers, caPem: cluster.caPem, timeoutSeconds: deadlineSeconds };
  if (content === undefined) return request;
  const { type, document } = content;
  return { ...request, headers: { ...headers, "content-type": type }, body: JSON.stringify(document) };
}

function checkAnswer({ cluster }: ApiClientOptions, request: string, response: HttpResponse): HttpResponse {
  const { status, body } = response;
  if (status >= 200 && status < 300) return response;
  throw answerError(nodeErrorTexts(cluster), { request, status, body });
}
