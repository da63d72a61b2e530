// When the next request may be sent. Lambda takes one a second, and one launch in 12 s; more are answered 429.
import type { Clock, HttpResponse } from "../../host/host.ts";
import { readRetryAfterMs } from "../../loop/retry-after.ts";

const SPACE_MS = 1100;
const LAUNCH_SPACE_MS = 12_500;
/** Pauses after 429 without Retry-After, one after the other. After the last the request is given up. */
const PAUSES_MS = [5000, 10_000, 20_000, 40_000, 60_000];
/** A server that names a longer wait is not waited for. */
const MAX_PAUSE_MS = 120_000;

/** Keeps requests apart; those of one process, asked one after the other, share it. */
export class Pacing {
  readonly #clock: Clock;
  #nextMs = 0;
  #nextLaunchMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits until a request may be sent. @throws the signal's reason */
  async turn(isLaunch: boolean, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const atMs = isLaunch ? Math.max(this.#nextMs, this.#nextLaunchMs) : this.#nextMs;
    const waitMs = atMs - this.#clock.monotonic();
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
  }

  /** A request has been answered, or was given up. */
  done(isLaunch: boolean): void {
    const now = this.#clock.monotonic();
    this.#nextMs = now + SPACE_MS;
    if (isLaunch) this.#nextLaunchMs = now + LAUNCH_SPACE_MS;
  }

  /** No request is sent for this long. */
  pause(milliseconds: number): void {
    this.#nextMs = Math.max(this.#nextMs, this.#clock.monotonic() + milliseconds);
  }
}

/** How long to wait after a 429, or why not to. @param refusals how many there were, with this one */
export function pauseAfter(
  response: HttpResponse,
  refusals: number,
): { readonly pauseMs: number } | { readonly problem: string } {
  const pauseMs = PAUSES_MS[refusals - 1];
  if (pauseMs === undefined) return { problem: `${refusals} times, with ever longer pauses` };
  const wantedMs = readRetryAfterMs(response);
  if (wantedMs === undefined) return { pauseMs };
  if (wantedMs > MAX_PAUSE_MS) return { problem: `it wants a pause of ${Math.ceil(wantedMs / 1000)} s` };
  return { pauseMs: wantedMs };
}
