// The process's own time, where a test has a clock that it moves by hand.
import { setTimeout as delay } from "node:timers/promises";
import { MemoryClock } from "../../fakes/memory-clock.ts";

export class RealClock extends MemoryClock {
  override readonly now = (): number => Date.now();

  override readonly monotonic = (): number => performance.now();

  override readonly sleep = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
    delay(milliseconds, undefined, signal === undefined ? {} : { signal });
}
