// How often something was called, how it ended and how long it took: plain numbers, that cost nothing until somebody asks for them.

/** Upper bounds of the latency classes, seconds. */
export const LATENCY_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** The calls of one operation. */
export interface OperationMetrics {
  readonly operation: string;
  /** Calls by outcome: `ok`, or the name of the error. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Calls that took no longer than each bound of {@link LATENCY_BUCKETS}. */
  readonly buckets: readonly number[];
  readonly totalSeconds: number;
}

/** Counts calls by operation. */
export class CallMetrics {
  readonly #operations = new Map<string, { outcomes: Map<string, number>; buckets: number[]; totalSeconds: number }>();

  /** Makes a call and counts it, whatever comes of it. */
  async measure<T>(
    operation: string,
    call: () => Promise<T>,
    outcomeOf: (answer: T) => string = () => "ok",
  ): Promise<T> {
    const startedAt = performance.now();
    try {
      const answer = await call();
      this.#record(operation, outcomeOf(answer), performance.now() - startedAt);
      return answer;
    } catch (error) {
      const { code, name } = error as { code?: unknown; name?: string };
      this.#record(operation, typeof code === "string" ? code : (name ?? "Error"), performance.now() - startedAt);
      throw error;
    }
  }

  list(): readonly OperationMetrics[] {
    return [...this.#operations].map(([operation, callMetrics]) => ({ operation, ...callMetrics }));
  }

  #record(operation: string, outcome: string, milliseconds: number): void {
    const seconds = milliseconds / 1000;
    const callMetrics = this.#operations.get(operation) ?? {
      outcomes: new Map<string, number>(),
      buckets: LATENCY_BUCKETS.map(() => 0),
      totalSeconds: 0,
    };
    callMetrics.outcomes.set(outcome, (callMetrics.outcomes.get(outcome) ?? 0) + 1);
    callMetrics.totalSeconds += seconds;
    for (const [index, bound] of LATENCY_BUCKETS.entries())
      if (seconds <= bound) callMetrics.buckets[index] = (callMetrics.buckets[index] ?? 0) + 1;
    this.#operations.set(operation, callMetrics);
  }
}
