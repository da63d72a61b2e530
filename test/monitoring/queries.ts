// What a query names: metrics, labels and the values that labels are compared with. It reads the queries of this repository, and no others.

export interface Matcher {
  readonly metric: string;
  readonly label: string;
  /** The alternatives of a pattern, or the one value. */
  readonly values: readonly string[];
}

const METRIC = /\b(up|ALERTS|(?:eks_satellite|process)_\w+)\b(?:\{([^}]*)\})?/g;
const MATCHER = /(\w+)(=~|!~|!=|=)"([^"]*)"/g;
const GROUPING = /\b(?:by|on|ignoring|without|group_left|group_right) \(([^)]*)\)/g;

/** Names of the metrics. */
export function metricsOf(query: string): readonly string[] {
  return [...new Set(Array.from(query.matchAll(METRIC), ([, name = ""]) => name))];
}

/** What metrics are chosen by. */
export function matchersOf(query: string): readonly Matcher[] {
  return Array.from(query.matchAll(METRIC)).flatMap(([, metric = "", inside = ""]) =>
    Array.from(inside.matchAll(MATCHER), ([, label = "", operator = "", value = ""]) => ({
      ...{ metric, label },
      values: operator.includes("~") ? value.split("|") : [value],
    })),
  );
}

/** Labels by which results are grouped or joined. */
export function groupingOf(query: string): readonly string[] {
  return Array.from(query.matchAll(GROUPING)).flatMap(([, labels = ""]) => labels.split(",").map((one) => one.trim()));
}
