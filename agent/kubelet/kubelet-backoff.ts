// How long kubelet waits: after an end of its own, and after a start that could not be prepared.
import { Backoff } from "../loop/backoff.ts";

/** So many ends in a row are a crash loop. */
export const CRASH_LOOP_EXITS = 3;
export const FIRST_START_RETRY_MS = 100;

/** Between an end and the next start. What ran for five minutes was healthy. */
export function createExitBackoff(random: () => number): Backoff {
  return new Backoff({ firstMs: 1000, maxMs: 60_000, resetAfterMs: 5 * 60_000, random });
}

/** A start whose preparation failed is tried again soon, then less and less often. */
export function createStartBackoff(random: () => number): Backoff {
  return new Backoff({ firstMs: FIRST_START_RETRY_MS, maxMs: 5000, random });
}
