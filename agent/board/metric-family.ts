// What a metric is, before prom-client renders it.

/** Begins the name of every metric but those that every process has, which keep Prometheus' own names. */
export const PREFIX = "eks_satellite_";

export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** For the parts of a histogram. */
  readonly metricName?: string;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Read anew at each scrape. */
  readonly samples: () => readonly Sample[];
}

/** A metric of this program; the name is given without its prefix. */
export function family(type: Family["type"], name: string, help: string, samples: () => readonly Sample[]): Family {
  return { type, name: PREFIX + name, help, samples };
}

/** The sample of a gauge that is a time: seconds since the epoch, and none while the time is not known. */
export function timestamp(milliseconds: number | undefined): readonly Sample[] {
  return milliseconds === undefined ? [] : [{ value: milliseconds / 1000 }];
}
