// What came of a run, in Markdown: a row for each special interest group, and each failure with its cause.
import type { KnownFailure } from "./known.ts";
import type { Result } from "./results.ts";

/** What a run says against the list of known failures. */
export interface Judgement {
  readonly failed: readonly { readonly result: Result; readonly known?: KnownFailure }[];
  /** Known failures that passed. */
  readonly mended: readonly KnownFailure[];
}

/** Compares a run with the known failures. */
export function judge(results: readonly Result[], known: readonly KnownFailure[]): Judgement {
  const knownOf = ({ name }: Result) => known.find(({ test }) => name.includes(test));
  return {
    failed: results
      .filter(({ outcome }) => outcome === "failed")
      .map((result) => {
        const found = knownOf(result);
        return found === undefined ? { result } : { result, known: found };
      }),
    mended: known.filter(({ test }) =>
      results.some(({ name, outcome }) => outcome === "passed" && name.includes(test)),
    ),
  };
}

/** Renders the table and the lists below it. */
export function renderTable(results: readonly Result[], { failed, mended }: Judgement): string {
  const groups = [...Map.groupBy(results, ({ sig }) => sig)].toSorted(([a], [b]) => a.localeCompare(b));
  const rows = [...groups, ["all", results] as const].map(([sig, all]) => row(sig, all));
  const lines = [
    "| SIG | passed | failed | skipped |",
    "|---|---|---|---|",
    ...rows,
    ...failed.map(({ result, known }) =>
      known === undefined
        ? `\n✗ ${result.name}\n    not known: ${firstLine(result.message)}`
        : `\n– ${result.name}\n    ${known.cause}: ${known.why}`,
    ),
    ...results
      .filter(({ outcome }) => outcome === "skipped")
      .map(({ name, message }) => `\n– ${name}\n    skipped: ${firstLine(message)}`),
    ...mended.map(({ test }) => `\n✗ ${test}\n    is known as a failure, and passed: take its line out of known.ts`),
  ];
  return `${lines.join("\n")}\n`;
}

function row(sig: string, results: readonly Result[]): string {
  const count = (wanted: Result["outcome"]) => results.filter(({ outcome }) => outcome === wanted).length;
  return `| ${sig} | ${count("passed")} | ${count("failed")} | ${count("skipped")} |`;
}

function firstLine(text: string): string {
  return text.split("\n")[0]?.slice(0, 300) ?? "";
}
