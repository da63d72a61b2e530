// Waiting for something to become true: a poll with a deadline, never a bare sleep.
import { setTimeout as delay } from "node:timers/promises";

/** How long to wait for what, and what to look at when it never comes. */
export interface Wait {
  /** Reads after "waited 30 s for …". */
  readonly what: string;
  readonly deadlineMs: number;
  /** Between two looks. Default: 100 ms, and more where a look takes long. */
  readonly intervalMs?: number;
  /** Explains a wait that failed, for example with the last lines of a log. */
  readonly explain?: () => string | Promise<string>;
}

/** A look takes a third of the time at most: many wait at once for few processors, and what they wait for needs these too. */
const pauseAfter = (lookMs: number) => Math.min(1000, Math.max(100, 2 * lookMs));

/**
 * Polls until `probe` gives a value other than undefined and false, and returns that value.
 * A probe that throws counts as not yet; its last error becomes the cause.
 * @throws Error that names what was waited for, when the deadline passes.
 */
export async function waitFor<T>(wait: Wait, probe: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + wait.deadlineMs;
  let cause: unknown;
  do {
    const lookedAt = performance.now();
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(wait.intervalMs ?? pauseAfter(performance.now() - lookedAt));
  } while (performance.now() < deadline);
  const explanation = await wait.explain?.();
  const lines = [`waited ${wait.deadlineMs / 1000} s for ${wait.what}`, explanation].filter(Boolean);
  throw new Error(lines.join("\n"), { cause });
}
