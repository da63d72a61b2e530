// A table panel of the dashboard as Grafana's transformations `merge` and `organize` make it, and values in a panel's unit.
import type { Answer, Panel } from "./dashboard-answers.ts";

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const YES_OR_NO = ["no", "yes"];

/** Rows of one node and, where they have them, of one device or type are one row; columns are left out and renamed as the panel says. */
export function tableOf(panel: Panel, answers: readonly Answer[]): Table {
  const { excludeByName = {}, renameByName = {} } =
    panel.transformations?.find(({ id }) => id === "organize")?.options ?? {};
  const mapped = (panel.fieldConfig?.overrides.length ?? 0) > 0;
  const rows: Record<string, string>[] = [];
  for (const [index, answer] of answers.entries()) {
    const valueColumn = answers.length > 1 ? `Value #${"ABC"[index]}` : "Value";
    for (const { labels, runs } of answer) {
      const value = runs.at(-1)?.value ?? 0;
      const cells = {
        ...labels,
        [valueColumn]: mapped ? (YES_OR_NO[value] ?? "") : formatValue(value, panel.fieldConfig?.defaults.unit),
      };
      const same = rows.find(
        (row) =>
          row.node === labels.node && Object.entries(labels).every(([name, text]) => (row[name] ?? text) === text),
      );
      if (same !== undefined && index > 0) Object.assign(same, cells);
      else rows.push(cells);
    }
  }
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter(
    (name) => name !== "__name__" && !excludeByName[name],
  );
  return {
    columns: names.map((name) => renameByName[name] ?? name),
    rows: rows.map((row) => names.map((name) => row[name] ?? "")),
  };
}

/** A value in one of the units that the dashboard uses. */
export function formatValue(value: number, unit: string | undefined): string {
  const short = String(Number(value.toPrecision(3)));
  switch (unit) {
    case "percentunit":
      return `${Math.round(value * 100)} %`;
    case "celsius":
      return `${short} °C`;
    case "watt":
      return `${short} W`;
    case "s":
      return value < 60 ? `${short} s` : `${Number((value / 60).toPrecision(3))} min`;
    default:
      return short;
  }
}
