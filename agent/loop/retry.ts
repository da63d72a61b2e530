// A call outside its schedule while there is reason to hope for another answer: at once, then ever more rarely.
import type { Host } from "../host/host.ts";
import { Backoff } from "./backoff.ts";

const FIRST_RETRY_MS = 10_000;
const MAX_RETRY_MS = 60_000;

export interface RetryOptions {
  readonly host: Host;
  readonly isNeeded: () => boolean;
  readonly run: () => Promise<void>;
}

/** Returns what is to be called often: it runs when it is needed and due. */
export function createRetry({ host, isNeeded, run }: RetryOptions): () => Promise<void> {
  const backoff = new Backoff({
    firstMs: FIRST_RETRY_MS,
    maxMs: MAX_RETRY_MS,
    resetAfterMs: Number.POSITIVE_INFINITY,
    random: host.random,
  });
  let dueMs = 0;
  return async () => {
    if (!isNeeded()) {
      backoff.reset();
      dueMs = 0;
      return;
    }
    const now = host.clock.now();
    if (now < dueMs) return;
    // The first wait of a backoff is 0, for the try that is made now.
    if (backoff.failures === 0) backoff.next(0);
    dueMs = now + backoff.next(0);
    await run();
  };
}
