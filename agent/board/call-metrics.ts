// How often an API was called, how each call ended and how long it took: plain numbers, which cost nothing until a scrape asks for them.
import { type Family, family, PREFIX, type Sample } from "./metric-family.ts";

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

/** Counts the calls of one API by operation. */
export class CallMetrics {
  readonly #prefix: string;
  readonly #api: string;
  readonly #operations = new Map<string, { outcomes: Map<string, number>; buckets: number[]; totalSeconds: number }>();

  /** @param prefix of the metrics' names, e.g. `aws` @param api its name in their help, e.g. `AWS` */
  constructor(prefix: string, api: string) {
    this.#prefix = prefix;
    this.#api = api;
  }

  /** Makes a call and counts it, however it ends. */
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
    return [...this.#operations].map(([operation, counts]) => ({ operation, ...counts }));
  }

  metrics(): readonly Family[] {
    const histogram = `${this.#prefix}_request_duration_seconds`;
    return [
      family("counter", `${this.#prefix}_requests_total`, `Calls to ${this.#api}, by operation and outcome.`, () =>
        this.list().flatMap(({ operation, outcomes }) =>
          [...outcomes].map(([outcome, value]) => ({ value, labels: { operation, outcome } })),
        ),
      ),
      family("histogram", histogram, `Latency of calls to ${this.#api}, by operation.`, () =>
        this.list().flatMap((calls) => toHistogram(PREFIX + histogram, calls)),
      ),
    ];
  }

  #record(operation: string, outcome: string, milliseconds: number): void {
    const seconds = milliseconds / 1000;
    const counts = this.#operations.get(operation) ?? {
      outcomes: new Map<string, number>(),
      buckets: LATENCY_BUCKETS.map(() => 0),
      totalSeconds: 0,
    };
    counts.outcomes.set(outcome, (counts.outcomes.get(outcome) ?? 0) + 1);
    counts.totalSeconds += seconds;
    for (const [index, bound] of LATENCY_BUCKETS.entries())
      if (seconds <= bound) counts.buckets[index] = (counts.buckets[index] ?? 0) + 1;
    this.#operations.set(operation, counts);
  }
}

function toHistogram(
  name: string,
  { operation, outcomes, buckets, totalSeconds }: OperationMetrics,
): readonly Sample[] {
  const count = [...outcomes.values()].reduce((sum, value) => sum + value, 0);
  const bounds = [...LATENCY_BUCKETS.map(String), "+Inf"];
  return [
    ...[...buckets, count].map((value, index) => ({
      value,
      labels: { operation, le: bounds[index] ?? "+Inf" },
      metricName: `${name}_bucket`,
    })),
    { value: totalSeconds, labels: { operation }, metricName: `${name}_sum` },
    { value: count, labels: { operation }, metricName: `${name}_count` },
  ];
}
