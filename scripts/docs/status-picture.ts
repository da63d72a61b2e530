// docs/images/status.svg: the screen of `eks-satellite status`, as the command renders it from /status of a node in the sandbox, which is
// kept in the repository (its kernel's version is replaced).
import { readFileSync } from "node:fs";
import type { Paint } from "../../agent/commands/paint.ts";
import { renderStatus } from "../../agent/commands/status-screen.ts";
import { statusSchema } from "../../agent/health/status-schema.ts";
import { box, element, MONO, renderPicture, text } from "./svg.ts";

const FIXTURE = new URL("../../test/fixtures/status/ready.json", import.meta.url);
/** When the user looks: as the document was taken. */
const SEEN_AT_MS = Date.parse("2026-11-28T16:46:18.000Z");
const COMMAND = "sudo eks-satellite status";

const FONT_SIZE = 13;
const CELL = 7.8;
const LINE = 19;
const MARGIN = 22;
const BAR = 36;

const STYLE = `
text { font-family: ${MONO}; font-size: ${FONT_SIZE}px; fill: #d7dde5; white-space: pre; }
.green { fill: #57c972; } .red { fill: #ff6b68; } .yellow { fill: #e8bf5a; } .dim { fill: #8b95a1; }
.bold { font-weight: bold; fill: #ffffff; } .bar { fill: #9aa4af; }
`;

interface Run {
  readonly style: string | undefined;
  readonly text: string;
}

/** Mark a style within the text: private characters of Unicode, which no output has. */
const [OPEN, MIDDLE, CLOSE] = ["\ue000", "\ue001", "\ue002"];
const paint: Paint = (style, plain) => `${OPEN}${style}${MIDDLE}${plain}${CLOSE}`;

/** Renders the picture. @throws ZodError when the document is not one of this version */
export function renderStatusPicture(): string {
  const document = statusSchema.parse(JSON.parse(readFileSync(FIXTURE, "utf8")));
  const screen = `${paint("green", "$")} ${paint("bold", COMMAND)}\n${renderStatus(document, SEEN_AT_MS, paint)}`;
  const lines = screen.trimEnd().split("\n").map(splitRuns);
  const columns = Math.max(...lines.map((runs) => runs.reduce((sum, run) => sum + run.text.length, 0)));
  const width = Math.ceil(2 * MARGIN + columns * CELL);
  const height = BAR + 2 * MARGIN + lines.length * LINE - (LINE - FONT_SIZE);
  return renderPicture({
    ...{ width, height, style: STYLE },
    title: "The screen of eks-satellite status: a node that is ready, its conditions, expiry times and last events",
    from: "test/fixtures/status/ready.json by agent/commands/status-screen.ts",
    body: [
      ...window(width, height, `root@${document.node.name}`),
      ...lines.flatMap((runs, index) => renderLine(runs, BAR + MARGIN + FONT_SIZE - 2 + index * LINE)),
    ],
  });
}

function window(width: number, height: number, title: string): readonly string[] {
  const buttons = ["#ff5f57", "#febc2e", "#28c840"].map((fill, index) =>
    element("circle", { cx: 20 + index * 20, cy: BAR / 2, r: 6, fill }),
  );
  return [
    box(0.5, 0.5, width - 1, height - 1, { rx: 10, fill: "#12171d", stroke: "#3a444f" }),
    element("path", { d: `M1 ${BAR} V10 a9 9 0 0 1 9 -9 H${width - 10} a9 9 0 0 1 9 9 V${BAR} Z`, fill: "#232b33" }),
    ...buttons,
    text(title, { class: "bar", x: width / 2, y: BAR / 2 + 4.5, "text-anchor": "middle" }),
  ];
}

function splitRuns(line: string): readonly Run[] {
  return line
    .split(OPEN)
    .flatMap((part, index) => (index === 0 ? [{ style: undefined, text: part }] : splitPainted(part)))
    .filter((run) => run.text !== "");
}

/** A style and its text, and what follows without a style. */
function splitPainted(part: string): readonly Run[] {
  const [style = "", rest = ""] = part.split(MIDDLE);
  const [painted = "", plain = ""] = rest.split(CLOSE);
  return [
    { style, text: painted },
    { style: undefined, text: plain },
  ];
}

/** Each word stands on the grid whatever the viewer's font: a run begins at its column and has the width of its cells. */
function renderLine(runs: readonly Run[], y: number): readonly string[] {
  let column = 0;
  return runs.flatMap((run) => {
    const start = column;
    column += run.text.length;
    return [...run.text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: words, index }) =>
      text(words, {
        class: run.style,
        x: round(MARGIN + (start + index) * CELL),
        y,
        textLength: round(words.length * CELL),
        lengthAdjust: "spacingAndGlyphs",
      }),
    );
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
