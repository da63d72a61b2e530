// HTTP and HTTPS: an answer as a whole, or line by line, on Node's own client.
import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { SatelliteError } from "../errors.ts";
import type { HttpRequest, HttpResponse, LineStreamRequest } from "./host.ts";

const MAX_BODY_BYTES = 4 * 2 ** 20;
/** etcd holds objects of at most 1.5 MiB. */
const MAX_LINE_LENGTH = 4 * 2 ** 20;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Fetches a whole answer. @throws http-failed */
export async function fetchHttp(request: HttpRequest): Promise<HttpResponse> {
  const deadline = AbortSignal.timeout(request.timeoutSeconds * 1000);
  try {
    const response = await openFollowing(request, deadline);
    return await readAnswer(response, request);
  } catch (cause) {
    throw failed(request, cause, deadline.aborted);
  }
}

async function readAnswer(response: IncomingMessage, { maxBytes }: HttpRequest): Promise<HttpResponse> {
  const serverTimeMs = Date.parse(response.headers.date ?? "");
  const retryAfter = response.headers["retry-after"];
  return {
    status: response.statusCode ?? 0,
    body: await readBody(response, maxBytes),
    ...(Number.isNaN(serverTimeMs) ? {} : { serverTimeMs }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
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
    if (status !== 200) return await readAnswer(response, request);
    await readLines(response, onLine);
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
  { url, method = "GET", body, headers, caPem, connectTo }: HttpRequest,
  signal: AbortSignal,
  openingSeconds?: number,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const send = url.startsWith("https:") ? requestHttps : requestHttp;
  const request = send(
    url,
    // NODE_TLS_REJECT_UNAUTHORIZED=0, which a user may have set for a proxy, has no effect here.
    {
      method,
      headers: { ...headers },
      signal,
      rejectUnauthorized: true,
      ...(caPem === undefined ? {} : { ca: caPem }),
      ...(connectTo === undefined ? {} : directTo(connectTo)),
    },
    resolve,
  );
  request.on("error", reject);
  request.end(body);
  if (openingSeconds === undefined) return promise;
  const slow = setTimeout(() => request.destroy(new Error(`no answer in ${openingSeconds} s`)), openingSeconds * 1000);
  return promise.finally(() => clearTimeout(slow));
}

/** Node's global agent may be one with a proxy; a kept connection may be one to another address. */
function directTo(address: string): Pick<RequestOptions, "agent" | "lookup"> {
  const family = isIP(address);
  return {
    agent: false,
    lookup: (_name, { all }, callback) =>
      all === true ? callback(null, [{ address, family }]) : callback(null, address, family),
  };
}

/** A server, and a pod may listen on kubelet's port, cannot make the daemon hold more than this. */
async function readBody(response: IncomingMessage, maxBytes: number = MAX_BODY_BYTES): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function readLines(response: IncomingMessage, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  response.setEncoding("utf8");
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (rest.length > MAX_LINE_LENGTH) throw new Error(`a line is longer than ${MAX_LINE_LENGTH} characters`);
  }
  if (rest !== "") onLine(rest);
}

function failed({ method = "GET", url, timeoutSeconds }: HttpRequest, error: unknown, isLate = false): SatelliteError {
  // Node's own message only says that the operation was aborted.
  const late = Object.assign(new Error(`no answer in ${timeoutSeconds} s`), { code: "ETIMEDOUT" });
  return new SatelliteError("http-failed", `${method} ${url} was not answered`, { cause: isLate ? late : error });
}
