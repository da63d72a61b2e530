// A child process whose lines become log lines, and which ends on request.
import type { Child, Host } from "../host/host.ts";
import { forEachLine } from "../host/lines.ts";

/** Hands each line of a child's output over; a pipe that is not read would block the child. */
export function readLines(child: Child, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) forEachLine(stream, onLine);
}

/** A process that was killed is gone in milliseconds, unless it waits in the kernel (state D). */
const KILLED_SECONDS = 5;

/** Asks a child to end, and kills it when it has not after `graceSeconds`. Says whether it is gone: a process in state D stays. */
export async function endChild(host: Host, child: Child, graceSeconds: number): Promise<boolean> {
  const gone = new AbortController();
  const exited = child.exited.then(() => {
    gone.abort();
    return true;
  });
  const isOver = (seconds: number) =>
    host.clock.sleep(seconds * 1000, gone.signal).then(
      () => true,
      () => false, // It is gone already: the sleep was cut short.
    );
  child.kill("SIGTERM");
  if (await isOver(graceSeconds)) child.kill("SIGKILL");
  return Promise.race([exited, isOver(KILLED_SECONDS).then((isLeft) => !isLeft)]);
}

/** Resolves or rejects as the work does, or rejects as soon as the signal aborts. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const done = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  else signal.addEventListener("abort", () => reject(signal.reason), { once: true, signal: done.signal });
  return Promise.race([work, promise]).finally(() => done.abort());
}
