// An API server that has too much to do says so, with 429 or with Retry-After, and for how long: until then nothing is sent to it.
import type { Host, HttpRequest, HttpResponse } from "../host/host.ts";
import { readRetryAfterMs } from "../loop/retry-after.ts";

/** Kubernetes answers 429 with Retry-After; what stands between may leave it out. */
const DEFAULT_PAUSE_MS = 1000;
/** No longer, whatever is asked for: a round that waits for longer is taken for one that hangs. */
const MAX_PAUSE_MS = 60_000;
/** Every node is asked for the same pause: each adds up to this by chance, and at most the pause itself. */
const MAX_SPREAD_MS = 10_000;

type Requests = Pick<Host, "fetch" | "follow">;

export interface ApiPauseOptions {
  readonly host: Pick<Host, "clock" | "random">;
  readonly requests: Requests;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/** The same requests, each held back while a pause lasts. The answer that asks for one is handed on: its caller has a schedule of its own. */
export function pauseWhenAsked({ host, requests, signal }: ApiPauseOptions): Requests {
  let untilMs = Number.NEGATIVE_INFINITY;
  const hold = async (signals: readonly AbortSignal[]) => {
    const waitMs = untilMs - host.clock.monotonic();
    if (waitMs > 0) await host.clock.sleep(waitMs, AbortSignal.any([...signals]));
  };
  const note = (response: HttpResponse): HttpResponse => {
    const pauseMs = readPauseMs(response);
    if (pauseMs === undefined) return response;
    const spreadMs = Math.min(pauseMs, MAX_SPREAD_MS) * host.random();
    untilMs = Math.max(untilMs, host.clock.monotonic() + pauseMs + spreadMs);
    return response;
  };
  return {
    fetch: (request: HttpRequest) => hold([signal]).then(() => requests.fetch(request).then(note)),
    follow: (request) => hold([signal, request.signal]).then(() => requests.follow(request).then(note)),
  };
}

/** Undefined where the answer asks for none. 5xx with Retry-After comes from an API server that starts or ends. */
function readPauseMs(response: HttpResponse): number | undefined {
  const askedMs = readRetryAfterMs(response);
  if (response.status !== 429 && (response.status < 500 || askedMs === undefined)) return undefined;
  return Math.min(askedMs ?? DEFAULT_PAUSE_MS, MAX_PAUSE_MS);
}
