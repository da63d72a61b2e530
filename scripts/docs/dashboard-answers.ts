// The first two rows of the dashboard, and what a real Prometheus answered to their queries (test/monitoring/record-dashboard.ts).
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ANSWERS = fileURLToPath(new URL("../../test/fixtures/dashboard/answers.json", import.meta.url));
const DASHBOARD = new URL("../../packaging/monitoring/grafana-dashboard.json", import.meta.url);

/** From one sample to the next. */
export const STEP_SECONDS = 30;
/** Rows of the picture; the others look alike. */
const ROWS = 2;

interface Override {
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

export interface Panel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat?: string }[];
  readonly transformations?: readonly {
    readonly id: string;
    readonly options: {
      readonly excludeByName?: Readonly<Record<string, boolean>>;
      readonly renameByName?: Readonly<Record<string, string>>;
    };
  }[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly max?: number;
      readonly thresholds?: { readonly steps: readonly { readonly color: string; readonly value: number | null }[] };
    };
    readonly overrides: readonly Override[];
  };
}

/** A value that a series had, in seconds since the beginning of the hour; where samples are missing, a run ends. */
export interface ValueRun {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** Series with their values. */
export type Answer = readonly {
  readonly labels: Readonly<Record<string, string>>;
  readonly runs: readonly ValueRun[];
}[];

/** Panels of the first rows, the rows' headings among them. */
export function panelsOfPicture(): readonly Panel[] {
  const { panels } = JSON.parse(readFileSync(DASHBOARD, "utf8")) as { readonly panels: readonly Panel[] };
  const rows = panels.filter(({ type }) => type === "row");
  const end = rows[ROWS]?.gridPos.y ?? Number.POSITIVE_INFINITY;
  return panels.filter(({ gridPos }) => gridPos.y < end);
}

/** Two panels may ask the same, one for an hour and one for now. */
export function answerKey({ title }: Panel, expr: string): string {
  return `${title}: ${expr}`;
}

/** @throws Error when a query was never asked: record again */
export function readAnswers(panel: Panel): readonly Answer[] {
  const recorded = JSON.parse(readFileSync(ANSWERS, "utf8")) as Readonly<Record<string, Answer>>;
  return (panel.targets ?? []).map(({ expr }) => {
    const answer = recorded[answerKey(panel, expr)];
    if (answer === undefined) throw new Error(`${panel.title}: run node test/monitoring/record-dashboard.ts`);
    return answer;
  });
}
