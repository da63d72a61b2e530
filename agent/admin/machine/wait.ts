// Waits that say how long they have taken, and that an unreachable server does not end.
import { describe, SatelliteError } from "../../errors.ts";
import type { Clock } from "../../host/host.ts";

export interface WaitContext {
  readonly clock: Clock;
  /** One line of progress. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What a look found: the end, or a word for what is there now. */
export type Look<T> = { readonly done: T } | { readonly state: string };

export interface Wait<T> {
  /** What is waited for, e.g. `machine gpu-1 active`. */
  readonly what: string;
  readonly everySeconds: number;
  /** By the monotonic clock, milliseconds. */
  readonly untilMs: number;
  readonly look: () => Promise<Look<T>>;
}

/** A line at least this often. */
const REPORT_SECONDS = 30;
/** A server's trouble, which may pass; what is refused does not. */
const PASSING = [
  "lambda-no-answer",
  "lambda-trouble",
  "lambda-answer-invalid",
  "lambda-rate-limited",
  "api-unreachable",
  "api-failed",
];

/** Looks again and again; undefined when the time is over. @throws what `look` does, unless it may pass; interrupted */
export async function waitFor<T>({ clock, say, signal }: WaitContext, wait: Wait<T>): Promise<T | undefined> {
  const startMs = clock.monotonic();
  let said = { state: "", atMs: startMs };
  for (;;) {
    const found = await lookOnce(wait, signal);
    if ("done" in found) return found.done;
    const nowMs = clock.monotonic();
    if (found.state !== said.state || nowMs - said.atMs >= REPORT_SECONDS * 1000) {
      say(`… ${wait.what}: ${found.state} (${secondsSince(startMs, nowMs)} s)`);
      said = { state: found.state, atMs: nowMs };
    }
    if (nowMs >= wait.untilMs) return undefined;
    await pause(clock, Math.min(wait.everySeconds * 1000, Math.max(wait.untilMs - nowMs, 1)), signal);
  }
}

async function lookOnce<T>({ look }: Wait<T>, signal: AbortSignal): Promise<Look<T>> {
  try {
    return await look();
  } catch (error) {
    if (signal.aborted) throw interrupted();
    const { code, message } = describe(error);
    if (!PASSING.includes(code)) throw error;
    return { state: `unknown, ${message}` };
  }
}

/** Sleeps, unless the user interrupts. @throws interrupted */
export async function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(milliseconds, signal).catch((error: unknown) => {
    throw signal.aborted ? interrupted() : error;
  });
}

/** The user has pressed Ctrl-C. */
export function interrupted(): SatelliteError {
  return new SatelliteError("interrupted", "interrupted", { hint: "What was made before stays." });
}

export function secondsSince(startMs: number, nowMs: number): number {
  return Math.round((nowMs - startMs) / 1000);
}
