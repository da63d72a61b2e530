// Notices that the time of day was set: it moved otherwise than the clock that nothing sets.
import type { Clock } from "../host/host.ts";

/** NTP shifts a clock by less than this between two rounds, unless it sets it. */
const MIN_STEP_MS = 30_000;

/** Compares the two clocks with each other since the last time. */
export class ClockStep {
  readonly #clock: Pick<Clock, "now" | "monotonic">;
  #differenceMs: number;

  constructor(clock: Pick<Clock, "now" | "monotonic">) {
    this.#clock = clock;
    this.#differenceMs = clock.now() - clock.monotonic();
  }

  /** By how many milliseconds the time of day was set forward since the last call; 0 for less than half a minute. */
  takeMs(): number {
    const differenceMs = this.#clock.now() - this.#clock.monotonic();
    const stepMs = differenceMs - this.#differenceMs;
    this.#differenceMs = differenceMs;
    return Math.abs(stepMs) < MIN_STEP_MS ? 0 : stepMs;
  }
}
