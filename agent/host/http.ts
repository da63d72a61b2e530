// HTTP and HTTPS: an answer as a whole, or line by line, on Node's own client.
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { createInterface } from "node:readline";
import { SatelliteError } from "../errors.ts";
import type { HttpRequest, HttpResponse, LineStreamRequest } from "./host.ts";

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Fetches a whole answer. @throws http-failed */
export async function fetchHttp(request: HttpRequest): Promise<HttpResponse> {
  try {
    const response = await openFollowing(request, AbortSignal.timeout(request.timeoutSeconds * 1000));
    const serverTimeMs = Date.parse(response.headers.date ?? "");
    return {
      status: response.statusCode ?? 0,
      body: await readBody(response),
      ...(Number.isNaN(serverTimeMs) ? {} : { serverTimeMs }),
    };
  } catch (cause) {
    throw failed(request, cause);
  }
}

/** Resolves when the head of the answer is there. @throws http-failed */
export async function openHttp(request: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
  try {
    return await openFollowing(request, signal, request.timeoutSeconds);
  } catch (cause) {
    throw failed(request, cause);
  }
}

/** Follows an answer line by line. @throws http-failed */
export async function followLines({
  onLine,
  silenceSeconds,
  signal,
  ...request
}: LineStreamRequest): Promise<HttpResponse> {
  const ending = new AbortController();
  try {
    const response = await open(request, AbortSignal.any([signal, ending.signal]), request.timeoutSeconds);
    const status = response.statusCode ?? 0;
    response.setTimeout(silenceSeconds * 1000, () => ending.abort(new Error(`silent for ${silenceSeconds} s`)));
    if (status !== 200) return { status, body: await readBody(response) };
    const lines = createInterface({ input: response });
    lines.on("error", () => undefined); // The loop below throws it; after the loop it does not matter.
    for await (const line of lines) onLine(line);
    if (ending.signal.aborted) throw ending.signal.reason;
    return { status, body: "" };
  } catch (cause) {
    if (signal.aborted) return { status: 200, body: "" };
    throw failed(request, cause);
  } finally {
    ending.abort(); // Closes the connection, whatever ended the stream.
  }
}

/** Follows redirects, as many as the request allows. */
async function openFollowing(
  request: HttpRequest,
  signal: AbortSignal,
  openingSeconds?: number,
): Promise<IncomingMessage> {
  const response = await open(request, signal, openingSeconds);
  const { maxRedirects = 0 } = request;
  const location = REDIRECTS.includes(response.statusCode ?? 0) ? response.headers.location : undefined;
  if (location === undefined || maxRedirects === 0) return response;
  response.destroy();
  const url = URL.parse(location, request.url);
  // A request over TLS is not redirected to a server without TLS.
  if (url?.protocol !== "https:" && !(url?.protocol === "http:" && request.url.startsWith("http:")))
    throw new Error(`it redirects to ${location}, which is not followed`);
  return openFollowing({ ...request, url: url.href, maxRedirects: maxRedirects - 1 }, signal, openingSeconds);
}

/** Resolves when the answer's head is there; gives up when that takes longer than `openingSeconds`. */
async function open(
  { url, method = "GET", body, headers, caPem }: HttpRequest,
  signal: AbortSignal,
  openingSeconds?: number,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const send = url.startsWith("https:") ? requestHttps : requestHttp;
  const request = send(
    url,
    { method, headers: { ...headers }, signal, ...(caPem === undefined ? {} : { ca: caPem }) },
    resolve,
  );
  request.on("error", reject);
  request.end(body);
  if (openingSeconds === undefined) return promise;
  const slow = setTimeout(() => request.destroy(new Error(`no answer in ${openingSeconds} s`)), openingSeconds * 1000);
  return promise.finally(() => clearTimeout(slow));
}

async function readBody(response: IncomingMessage): Promise<string> {
  let body = "";
  response.setEncoding("utf8");
  for await (const chunk of response) body += chunk;
  return body;
}

function failed({ method = "GET", url, timeoutSeconds }: HttpRequest, error: unknown): SatelliteError {
  // Node's own message only says, twice, that the operation was aborted.
  const isLate = (error as { cause?: { name?: string } }).cause?.name === "TimeoutError";
  const late = Object.assign(new Error(`no answer in ${timeoutSeconds} s`), { code: "ETIMEDOUT" });
  return new SatelliteError("http-failed", `${method} ${url} was not answered`, { cause: isLate ? late : error });
}
