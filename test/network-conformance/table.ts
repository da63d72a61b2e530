// What came of every row in every column: a table, and below it each failure in full.

export interface Cell {
  readonly row: string;
  readonly column: string;
  /** Undefined where it passed. */
  readonly problem?: string | undefined;
  /** Stands in place of `ok`. */
  readonly text?: string | undefined;
}

const FAILED = "FAILED";

export function renderTable(rows: readonly string[], columns: readonly string[], cells: readonly Cell[]): string {
  const lines = [["", ...columns], ...rows.map((row) => [row, ...columns.map((column) => textOf(cells, row, column))])];
  const widths = ["", ...columns].map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `${line
          .map((text, index) => text.padEnd(widths[index] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

export function renderProblems(cells: readonly Cell[]): string {
  return cells
    .flatMap(({ row, column, problem }) =>
      problem === undefined ? [] : [`✗ ${row}, ${column}\n${problem.replaceAll(/^/gm, "    ")}\n`],
    )
    .join("\n");
}

function textOf(cells: readonly Cell[], row: string, column: string): string {
  const cell = cells.find((each) => each.row === row && each.column === column);
  if (cell === undefined) return "not asked";
  return cell.problem === undefined ? (cell.text ?? "ok") : FAILED;
}
