// A fake clock that goes on for as long as something waits for it.
import type { MemoryHost } from "./memory-host.ts";

/** Runs what waits for the clock, second by second, and returns what it gives. */
export async function driven<T>({ clock }: Pick<MemoryHost, "clock">, work: Promise<T>): Promise<T> {
  let isDone = false;
  const settled = work.finally(() => {
    isDone = true;
  });
  settled.catch(() => undefined);
  while (!isDone) await clock.advance(1000);
  return settled;
}
