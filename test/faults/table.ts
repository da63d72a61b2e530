// The table of the faults, in Markdown.
import type { Observation } from "./measure.ts";

/** Renders one row a fault. */
export function renderTable(observations: readonly Observation[]): string {
  const rows = observations.map(({ fault, condition, check, warning, recoverySeconds }) => [
    fault,
    condition === undefined
      ? "nothing: mended first"
      : `\`${condition.what.type}\` ${condition.what.reason} → ${condition.what.hint ?? ""}`,
    seconds(condition?.afterSeconds),
    check === undefined ? "nothing failed" : `\`${check.what.name}\`: ${check.what.evidence}`,
    seconds(check?.afterSeconds),
    warning?.what ?? "none",
    seconds(warning?.afterSeconds),
    seconds(recoverySeconds),
  ]);
  const head = ["fault", "status", "s", "check", "s", "first warning in the journal", "s", "well again, s"];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map(cell).join(" | ")} |\n`).join("");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function seconds(value: number | undefined): string {
  return value === undefined ? "—" : value.toFixed(1);
}
