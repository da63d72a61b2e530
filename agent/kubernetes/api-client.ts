// Requests to the API server: each with token, CA and deadline, and with the errors of api-error.ts.
import type { ClusterFacts } from "../aws/cluster.ts";
import { SatelliteError } from "../errors.ts";
import type { Host, HttpRequest, HttpResponse } from "../host/host.ts";
import { optional } from "../optional.ts";
import type { Secret } from "../secret.ts";
import { type ApiErrorTexts, answerError, silenceError } from "./api-error.ts";
import { nodeErrorTexts } from "./node-error-texts.ts";

const DEADLINE_SECONDS = 10;
/** Bookmarks come about once a minute: a watch that is silent for longer than this is a dead connection. */
const WATCH_SILENCE_SECONDS = 150;

export const MERGE_PATCH = "application/merge-patch+json";
/** Of each object its metadata alone (Kubernetes API concepts, "Metadata-only fetches"); for a list, and for a watch. */
export const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
export const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
/** Knows the items of some lists, such as a Node's conditions, by their type. */
export const STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json";

export interface ApiClientOptions {
  readonly host: Pick<Host, "fetch" | "follow">;
  readonly cluster: ClusterFacts;
  /** The current token. @throws when there is none */
  readonly token: () => Secret;
  /** For each request. Default 10 s. */
  readonly deadlineSeconds?: number;
  /** How errors are put. Default: to those who care for a node. */
  readonly texts?: ApiErrorTexts;
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
  /** @param accept another form of the answer, such as {@link METADATA_LIST} */
  get<T>(path: string, accept?: string): Promise<T>;
  post(path: string, document: object): Promise<void>;
  /** Posts a question, such as a review, and returns the answer. */
  ask<T>(path: string, document: object): Promise<T>;
  /** @param type {@link MERGE_PATCH} or {@link STRATEGIC_MERGE_PATCH} */
  patch(path: string, type: string, document: object): Promise<void>;
  /** Replaces an object, where its resourceVersion is the current one, and returns it as it is then. */
  put<T>(path: string, document: object): Promise<T>;
  delete(path: string): Promise<void>;
  /** Hands over each event until the server ends the connection or the signal aborts. @throws watch-ended too */
  watch<T>(path: string, onEvent: (event: WatchEvent<T>) => void, signal: AbortSignal, accept?: string): Promise<void>;
}

/** Creates the client. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const send = async (method: HttpRequest["method"], path: string, form: Form = {}) => {
    const request = { ...createRequest(options, path, form), method };
    const name = `${method} ${path}`;
    const response = await options.host.fetch(request).catch((cause: unknown) => {
      throw silenceError(textsOf(options), name, cause);
    });
    return checkAnswer(options, name, response).body;
  };
  const post = (path: string, document: object) =>
    send("POST", path, { content: { type: "application/json", document } });
  return {
    get: async <T>(path: string, accept?: string) => parseAnswer(await send("GET", path, optional({ accept }))) as T,
    post: async (path, document) => void (await post(path, document)),
    ask: async <T>(path: string, document: object) => JSON.parse(await post(path, document)) as T,
    patch: async (path, type, document) => void (await send("PATCH", path, { content: { type, document } })),
    put: async <T>(path: string, document: object) =>
      JSON.parse(await send("PUT", path, { content: { type: "application/json", document } })) as T,
    delete: async (path) => void (await send("DELETE", path)),
    watch: (path, onEvent, signal, accept) =>
      watch(options, { path, ...optional({ accept }) }, (line) => onEvent(JSON.parse(line)), signal),
  };
}

/** The API server writes null for the items of an empty list where it gives metadata alone. */
function parseAnswer(text: string): unknown {
  const answer: unknown = JSON.parse(text);
  return typeof answer === "object" && answer !== null && "items" in answer && answer.items === null
    ? { ...answer, items: [] }
    : answer;
}

async function watch(
  options: ApiClientOptions,
  { path, ...form }: Form & { readonly path: string },
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const request = { ...createRequest(options, path, form), onLine, silenceSeconds: WATCH_SILENCE_SECONDS, signal };
  const response = await options.host.follow(request).catch((cause: unknown) => {
    throw new SatelliteError("watch-ended", `the watch of ${path.split("?")[0]} ended`, { cause });
  });
  checkAnswer(options, `watch ${path}`, response);
}

interface Content {
  readonly type: string;
  readonly document: object;
}

interface Form {
  readonly content?: Content;
  readonly accept?: string;
}

/** The cluster's CA alone is trusted. */
function createRequest(
  { cluster, token, deadlineSeconds = DEADLINE_SECONDS }: ApiClientOptions,
  path: string,
  { content, accept = "application/json" }: Form,
): HttpRequest {
  const headers = { authorization: `Bearer ${token().reveal()}`, accept };
  const request = { url: cluster.endpoint + path, headers, caPem: cluster.caPem, timeoutSeconds: deadlineSeconds };
  if (content === undefined) return request;
  const { type, document } = content;
  return { ...request, headers: { ...headers, "content-type": type }, body: JSON.stringify(document) };
}

function checkAnswer(options: ApiClientOptions, request: string, response: HttpResponse): HttpResponse {
  const { status, body } = response;
  if (status >= 200 && status < 300) return response;
  throw answerError(textsOf(options), { request, status, body });
}

function textsOf({ cluster, texts }: ApiClientOptions): ApiErrorTexts {
  return texts ?? nodeErrorTexts(cluster);
}
