// A child process whose lines become log lines, and which ends on request.
import type { Child, Host } from "../host/host.ts";
import { forEachLine } from "../host/lines.ts";

/** Hands each line of a child's output over; a pipe that is not read would block the child. */
export function readLines(child: Child, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) forEachLine(stream, onLine);
}

/** Asks a child to end, and ends it when it has not after `graceSeconds`. Resolves when it is gone. */
export async function endChild(host: Host, child: Child, graceSeconds: number): Promise<void> {
  const gone = new AbortController();
  const exited = child.exited.then(() => gone.abort());
  child.kill("SIGTERM");
  const grace = host.clock.sleep(graceSeconds * 1000, gone.signal).then(
    () => child.kill("SIGKILL"),
    () => undefined, // It is gone already: the sleep was cut short.
  );
  await exited;
  await grace;
}

/** Resolves or rejects as the work does, or rejects as soon as the signal aborts. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const done = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  else signal.addEventListener("abort", () => reject(signal.reason), { once: true, signal: done.signal });
  return Promise.race([work, promise]).finally(() => done.abort());
}
