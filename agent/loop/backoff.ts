// How long to wait before the next try: not at all the first time, or by chance; then doubling with jitter, and from the start again
// after a healthy while.

export interface BackoffOptions {
  /** The second wait, milliseconds; the first is 0, or within `spreadMs`. */
  readonly firstMs: number;
  /** The first wait after a healthy while lies between 0 and this, by chance: all machines of a fleet lose a server in one moment. Default 0. */
  readonly spreadMs?: number;
  readonly maxMs: number;
  /** What ran at least this long was healthy: its end counts as the first. Left out, only {@link Backoff.reset} begins anew. */
  readonly resetAfterMs?: number;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** The random share of a wait, so that machines that failed together do not come back together. */
const JITTER = 0.5;

/** Counts failures in a row and says how long to wait after each. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** The wait in milliseconds after something failed that had run for `ranForMs`. */
  next(ranForMs: number): number {
    const { firstMs, maxMs, spreadMs = 0, resetAfterMs = Number.POSITIVE_INFINITY, random } = this.#options;
    const wasHealthy = ranForMs >= resetAfterMs;
    this.#failures = wasHealthy ? 1 : this.#failures + 1;
    if (wasHealthy) return Math.round(spreadMs * random());
    if (this.#failures === 1) return 0;
    const wait = Math.min(maxMs, firstMs * 2 ** (this.#failures - 2));
    return Math.round(wait * (1 - JITTER * random()));
  }

  reset(): void {
    this.#failures = 0;
  }
}
