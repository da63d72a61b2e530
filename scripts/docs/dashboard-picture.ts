// docs/images/dashboard.svg: the first rows of the Grafana dashboard, drawn from its JSON and from a real Prometheus' answers to its queries.
// It is no screenshot: the tests have no Grafana.
import { type Answer, type Panel, panelsOfPicture, readAnswers } from "./dashboard-answers.ts";
import { formatValue, tableOf } from "./dashboard-table.ts";
import { box, element, renderPicture, SANS, text } from "./svg.ts";

const UNIT = { width: 50, height: 30 } as const;
const GAP = 4;
const HEAD = 26;
const SECONDS = 3600;
const COLOURS = ["#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#b877d9", "#8ab8ff"];
const STATES = { yes: "#56a64b", no: "#e02f44" } as const;
const MAX_LINES = 8;

const STYLE = `
text { font-family: ${SANS}; font-size: 12px; fill: #ccccdc; } .title { font-weight: 600; } .row { font-size: 15px; font-weight: 600; }
.number { font-size: 44px; font-weight: 600; } .small { font-size: 10.5px; fill: #9a9ba8; } .head { fill: #6e9fff; font-weight: 600; }
`;

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Renders the picture. @throws Error when a query of these rows was never recorded */
export function renderDashboardPicture(): string {
  const panels = panelsOfPicture();
  const height = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * UNIT.height + GAP;
  const width = 24 * UNIT.width + GAP;
  return renderPicture({
    ...{ width, height, style: STYLE },
    title:
      "The first rows of the dashboard: an hour of four nodes, of which one loses its GPU, and one its tunnel for a quarter of an hour",
    from: "packaging/monitoring/grafana-dashboard.json and test/fixtures/dashboard/answers.json",
    body: [box(0.5, 0.5, width - 1, height - 1, { fill: "#111217" }), ...panels.flatMap(renderPanel)],
  });
}

function renderPanel(panel: Panel): readonly string[] {
  const { x, y, w, h } = panel.gridPos;
  const frame = { x: x * UNIT.width + GAP, y: y * UNIT.height + GAP };
  if (panel.type === "row") return [text(`⌄ ${panel.title}`, { x: frame.x + 4, y: frame.y + 19, class: "row" })];
  const size = { width: w * UNIT.width - GAP, height: h * UNIT.height - GAP };
  const inside = { x: frame.x + 10, y: frame.y + HEAD, width: size.width - 20, height: size.height - HEAD - 8 };
  return [
    box(frame.x, frame.y, size.width, size.height, { rx: 3, fill: "#181b1f", stroke: "#2c2f36" }),
    text(panel.title, { x: frame.x + 10, y: frame.y + 18, class: "title" }),
    ...CONTENT[panel.type as keyof typeof CONTENT](panel, readAnswers(panel), inside),
  ];
}

const CONTENT = { stat: renderStat, timeseries: renderLines, "state-timeline": renderStates, table: renderTable };

function renderStat(panel: Panel, [answer = []]: readonly Answer[], { x, y, width, height }: Area): readonly string[] {
  const value = answer[0]?.runs.at(-1)?.value ?? 0;
  const steps = panel.fieldConfig?.defaults.thresholds?.steps ?? [];
  const colour = steps.findLast((step) => value >= (step.value ?? Number.NEGATIVE_INFINITY))?.color;
  const fill = colour === "red" ? STATES.no : colour === "green" ? STATES.yes : undefined;
  return [
    text(String(value), {
      x: x + width / 2,
      y: y + height / 2 + 14,
      "text-anchor": "middle",
      class: "number",
      style: fill && `fill: ${fill}`,
    }),
  ];
}

/** Series with the names of their legends. */
function seriesOf({ targets = [] }: Panel, answers: readonly Answer[]) {
  return answers.flatMap((answer, index) =>
    answer.map(({ labels, runs }) => {
      const name = (targets[index]?.legendFormat ?? "").replaceAll(
        /\{\{(\w+)\}\}/g,
        (_, label: string) => labels[label] ?? "",
      );
      return { name: name.trim(), runs };
    }),
  );
}

function renderLines(panel: Panel, answers: readonly Answer[], { x, y, width, height }: Area): readonly string[] {
  const series = seriesOf(panel, answers).slice(0, MAX_LINES);
  const all = series.flatMap(({ runs }) => runs.map(({ value }) => value));
  const [low, high] = [Math.min(0, ...all), panel.fieldConfig?.defaults.max ?? Math.max(...all, 1e-9) * 1.15];
  const plot = { x: x + 56, y, width: width - 60, height: height - 18 - series.length * 16 };
  const toX = (second: number) => plot.x + (second / SECONDS) * plot.width;
  const toY = (value: number) => plot.y + plot.height - ((value - low) / (high - low)) * plot.height;
  const grid = [0, 0.5, 1].flatMap((share) => {
    const value = low + (high - low) * share;
    const line = { x1: plot.x, x2: plot.x + plot.width, y1: toY(value), y2: toY(value), stroke: "#2c2f36" };
    const label = formatValue(value, panel.fieldConfig?.defaults.unit);
    return [
      element("line", line),
      text(label, { x: plot.x - 6, y: toY(value) + 4, "text-anchor": "end", class: "small" }),
    ];
  });
  const drawn = series.flatMap(({ name, runs }, index) => {
    const stroke = COLOURS[index % COLOURS.length] ?? "";
    const points = runs
      .flatMap(({ from, to, value }) => [from, to].map((second) => `${round(toX(second))},${round(toY(value))}`))
      .join(" ");
    const legend = plot.y + plot.height + 32 + index * 16;
    return [
      element("polyline", { points, fill: "none", stroke, "stroke-width": 1.6 }),
      element("line", { x1: x, x2: x + 14, y1: legend - 4, y2: legend - 4, stroke, "stroke-width": 3 }),
      text(name, { x: x + 20, y: legend, class: "small" }),
    ];
  });
  return [...grid, ...renderTimes(plot), ...drawn];
}

function renderTimes({ x, y, width, height }: Area): readonly string[] {
  return [0, 15, 30, 45, 60].map((minute) =>
    text(`${minute === 60 ? "now" : `−${60 - minute} min`}`, {
      ...{ x: x + (minute / 60) * width, y: y + height + 14, class: "small" },
      "text-anchor": minute === 60 ? "end" : minute === 0 ? "start" : "middle",
    }),
  );
}

function renderStates(panel: Panel, answers: readonly Answer[], { x, y, width, height }: Area): readonly string[] {
  const series = seriesOf(panel, answers).slice(0, MAX_LINES);
  const plot = { x: x + 250, y, width: width - 250, height: height - 18 };
  const each = Math.min(34, plot.height / Math.max(1, series.length));
  const bars = series.flatMap(({ name, runs }, index) => {
    const top = plot.y + index * each;
    const label = text(name.length > 36 ? `${name.slice(0, 35)}…` : name, { x, y: top + each / 2 + 4, class: "small" });
    return [
      label,
      ...runs.map(({ from, to, value }) =>
        box(
          round(plot.x + (from / SECONDS) * plot.width),
          round(top + 2),
          round(((to - from) / SECONDS) * plot.width),
          round(each - 4),
          {
            fill: value > 0 ? STATES.yes : STATES.no,
            "fill-opacity": 0.7,
          },
        ),
      ),
    ];
  });
  return [...bars, ...renderTimes(plot)];
}

function renderTable(panel: Panel, answers: readonly Answer[], { x, y, width, height }: Area): readonly string[] {
  const { columns, rows } = tableOf(panel, answers);
  const longest = columns.map(
    (column, index) => Math.max(column.length, ...rows.map((row) => (row[index] ?? "").length)) + 2,
  );
  const total = longest.reduce((sum, length) => sum + length, 0);
  const starts = longest.map(
    (_, index) => x + (longest.slice(0, index).reduce((sum, length) => sum + length, 0) / total) * width,
  );
  const line = (cells: readonly string[], at: number, style?: string) =>
    cells.map((cell, index) => text(cell, { x: round(starts[index] ?? x), y: at, class: style }));
  const shown = rows.slice(0, Math.floor((height - 22) / 24));
  return [...line(columns, y + 14, "head"), ...shown.flatMap((row, index) => line(row, y + 38 + index * 24))];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
