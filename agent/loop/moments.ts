// Moments at which the loops of one daemon wake it up together: the first milliseconds of a process that has slept cost most, and are paid once.

/** Longer periods have a chance of their own each. */
const LONGEST_PERIOD_SECONDS = 600;
/** Work that repeats more often is not worth a wait for other work. */
const SHORTEST_PERIOD_MS = 10_000;
/** What answers in milliseconds is not asked while the rounds of the same moment begin. */
const AFTER_OTHERS_MS = 200;

export interface MomentsOptions {
  /** Milliseconds by a clock that nothing sets. */
  readonly monotonic: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** One chance for all loops of a daemon. Those of other daemons have another one. */
export class Moments {
  readonly #options: MomentsOptions;
  readonly #phaseSeconds: number;
  /** Of the first loop whose time began. */
  #originMs: number | undefined;

  constructor(options: MomentsOptions) {
    this.#options = options;
    this.#phaseSeconds = options.random() * LONGEST_PERIOD_SECONDS;
  }

  /** The share by which chance shortens the first period of a loop whose time begins now. */
  firstShare(periodSeconds: number): number {
    const { monotonic, random } = this.#options;
    this.#originMs ??= monotonic();
    if (periodSeconds > LONGEST_PERIOD_SECONDS) return random();
    return 1 - (this.#phaseSeconds % periodSeconds || periodSeconds) / periodSeconds;
  }

  /** When a round is due that was last at `lastMs`: soon after the moment that is nearest to a period later, or a short period later. */
  nextMs(lastMs: number, periodMs: number): number {
    const dueMs = lastMs + periodMs;
    if (periodMs < SHORTEST_PERIOD_MS || this.#originMs === undefined) return dueMs;
    const firstMs = this.#originMs + this.#phaseSeconds * 1000 + AFTER_OTHERS_MS;
    return firstMs + Math.round((dueMs - firstMs) / periodMs) * periodMs;
  }
}
