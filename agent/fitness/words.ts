// A check's result in few words, for annotations, events and the history. Only the names of checks are on the Node: what a check found may
// hold addresses and names that not every reader of the cluster should have.
import { cutText } from "../foreign-text.ts";
import { CHECKED_ANNOTATION, FINDINGS_ANNOTATION } from "../kubernetes/node-api.ts";
import type { CheckFinding, CheckRecord, CheckSummary } from "./record.ts";

const MAX_LENGTH = 500;
/** The worst first. */
const GROUPS = [
  { outcome: "fail", label: "failed" },
  { outcome: "warn", label: "warnings" },
  { outcome: "pending", label: "pending" },
  { outcome: "unknown", label: "unknown" },
] as const;

/** `41 ok, 1 warning, 2 failed`: what did not occur is left out. */
export function renderSummary({ ok, warn, fail, pending, unknown }: CheckSummary): string {
  const others = [
    [fail, "failed"],
    [warn, warn === 1 ? "warning" : "warnings"],
    [pending, "pending"],
    [unknown, "unknown"],
  ] as const;
  return [`${ok} ok`, ...others.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`)].join(", ");
}

/** `failed: disk; warnings: credentials, gpu`, bounded; empty when all is well. */
export function renderNames(findings: readonly CheckFinding[]): string {
  const lists = GROUPS.flatMap(({ outcome, label }) => {
    const names = findings.filter((finding) => finding.outcome === outcome).map(({ name }) => name);
    return names.length === 0 ? [] : [`${label}: ${names.join(", ")}`];
  });
  return cutText(lists.join("; "), MAX_LENGTH);
}

/** The annotations of a check; null removes one. */
export function renderAnnotations({ atMs, summary, findings }: CheckRecord): Readonly<Record<string, string | null>> {
  const at = new Date(atMs).toISOString().replace(/\.\d+Z$/, "Z");
  const names = renderNames(findings);
  return {
    [CHECKED_ANNOTATION]: `${renderSummary(summary)}, ${at}`,
    [FINDINGS_ANNOTATION]: names === "" ? null : names,
  };
}
