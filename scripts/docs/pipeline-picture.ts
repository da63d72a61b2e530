// docs/images/pipeline.svg: the pipeline and the rooms beside it, from the table of stages that the architecture test holds.
import { STAGES } from "../../test/architecture/stages.ts";
import { DEFAULTS } from "./defaults.ts";
import { box, element, MONO, renderPicture, SANS, text } from "./svg.ts";

interface Band {
  readonly title: string;
  readonly colour: string;
  readonly columns: number;
  /** Rooms and files of the root, with what is in them. */
  readonly rooms: Readonly<Record<string, string>>;
}

const PIPELINE: Band = {
  title: "The pipeline: data flows from left to right",
  colour: "#1f6feb",
  columns: 4,
  rooms: {
    "config/": "what the user wants",
    "facts/": "what the machine is",
    "plan/": "what must be true: pure",
    "apply/": "what differs is written",
  },
};

const BANDS: readonly Band[] = [
  {
    title: "A room a subject: what lives as long as the daemon",
    colour: "#7a3fd1",
    columns: 4,
    rooms: {
      "aws/": "cluster, endpoints, errors",
      "credentials/": "source → keys → token",
      "kubernetes/": "the API server's client",
      "kubelet/": "kubelet as our child",
      "xid/": "kernel log → Xid",
      "nvidia/": "driver and nvidia-smi",
      "gpu/": "fault → action",
      "install/": "packages, downloads",
      "node/": "our Node: watch, report",
      "fitness/": "check, on the Node",
      "health/": "probes, status, metrics",
      "tunnel/": "keys and entries of both ends",
      "network/": "the tunnel, watched",
      "gateway/": "the tunnel's far end, in the VPC",
    },
  },
  {
    title: "What single commands do",
    colour: "#bc6c00",
    columns: 4,
    rooms: {
      "admin/": "let machines in",
      "inventory/": "what hardware is here",
      "check/": "is this machine fit",
      "explain/": "what a word means",
      "bundle/": "for a bug report",
      "reset/": "restore the machine",
    },
  },
  {
    title: "The root: three tables and the commands",
    colour: "#57606a",
    columns: 3,
    rooms: {
      "parts.ts": "what the daemon is made of",
      "loops.ts": "when each part works",
      "reactions.ts": "what follows from an event",
      "agent.ts": "build, restore, start, serve, end",
      "commands/": "one file a command",
      "terminal.ts": "arguments, signals, exit code",
      "programs/": "the daemon, the other commands",
      "main.ts": "the program of a machine",
      "laptop.ts": "the program for laptops",
    },
  },
  {
    title: "Below all of them",
    colour: "#3f7d3a",
    columns: 4,
    rooms: {
      "host/": "machine and AWS: all effects",
      "board/": "what is known now",
      "loop/": "repeat, wait, retry",
      "history/": "what happened, on disk",
      "*.ts": "errors, log, time, …",
    },
  },
];

const WIDTH = 1000;
const MARGIN = 24;
const INNER = WIDTH - 2 * MARGIN;
const PADDING = 16;
const HEADER = 36;
const ROOM = 54;
const GAP = 12;
/** The boxes of the pipeline stand apart, for the arrows between them. */
const ARROW = 34;
const STAGE = 72;
const PIPELINE_HEIGHT = HEADER + STAGE + 66;

const STYLE = `
text { font-family: ${SANS}; font-size: 12.5px; fill: #57606a; }
.heading { font-size: 15px; font-weight: 600; }
.room { font-family: ${MONO}; font-size: 14px; font-weight: 600; fill: #1f2328; }
.number { font-family: ${MONO}; font-size: 10.5px; fill: #8b949e; }
.on-colour { fill: #ffffff; }
`;

/** Renders the picture. @throws Error when a room of the stages has no place, or a place no room */
export function renderPipelinePicture(): string {
  const bands = checkedBands();
  let y = MARGIN;
  const body = [...renderPipeline(y)];
  y += PIPELINE_HEIGHT + GAP;
  for (const band of bands) {
    body.push(...renderBand(band, y));
    y += heightOf(band) + GAP;
  }
  const height = y + 34;
  const note =
    "The number is a room's place in the order of imports: a room imports only rooms with its own number or a smaller one.";
  return renderPicture({
    ...{ width: WIDTH, height, style: STYLE },
    title: "The pipeline config, facts, plan, apply, and the rooms by subject beside it",
    from: "test/architecture/stages.ts",
    body: [
      box(0.5, 0.5, WIDTH - 1, height - 1, { rx: 12, fill: "#ffffff", stroke: "#d0d7de" }),
      ...body,
      text(note, { x: WIDTH / 2, y: height - 20, "text-anchor": "middle" }),
    ],
  });
}

/** The place of a room in the order of the stages, from 1; 0 when it is not among them. */
function numberOf(room: string): number {
  return (
    STAGES.findIndex((stage: readonly string[]) =>
      room === "*.ts" ? stage.includes("errors.ts") : stage.includes(room),
    ) + 1
  );
}

/** The bands without rooms that the stages do not have yet. */
function checkedBands(): readonly Band[] {
  const placed = [PIPELINE, ...BANDS].flatMap(({ rooms }) => Object.keys(rooms));
  for (const stage of STAGES.slice(1))
    for (const room of stage)
      if (!placed.includes(room)) throw new Error(`scripts/docs/pipeline-picture.ts has no place for ${room}`);
  return BANDS.map((band) => ({
    ...band,
    rooms: Object.fromEntries(Object.entries(band.rooms).filter(([room]) => numberOf(room) > 0)),
  }));
}

function heightOf({ rooms, columns }: Band): number {
  const rows = Math.ceil(Object.keys(rooms).length / columns);
  return HEADER + rows * ROOM + (rows - 1) * GAP + PADDING;
}

function frame(title: string, colour: string, y: number, height: number): readonly string[] {
  const fill = { fill: colour, "fill-opacity": 0.05, stroke: colour, "stroke-opacity": 0.5 };
  return [
    box(MARGIN, y, INNER, height, { rx: 10, ...fill }),
    text(title, { class: "heading", x: MARGIN + PADDING, y: y + 24, style: `fill: ${colour}` }),
  ];
}

function renderBand(band: Band, top: number): readonly string[] {
  const { title, colour, columns, rooms } = band;
  const width = (INNER - 2 * PADDING - (columns - 1) * GAP) / columns;
  return [
    ...frame(title, colour, top, heightOf(band)),
    ...Object.entries(rooms).flatMap(([room, what], index) => {
      const x = MARGIN + PADDING + (index % columns) * (width + GAP);
      const y = top + HEADER + Math.floor(index / columns) * (ROOM + GAP);
      return [
        box(x, y, width, ROOM, { rx: 7, fill: "#ffffff", stroke: colour, "stroke-opacity": 0.6 }),
        text(room, { class: "room", x: x + 12, y: y + 22 }),
        text(String(numberOf(room)), { class: "number", x: x + width - 10, y: y + 17, "text-anchor": "end" }),
        text(what, { x: x + 12, y: y + 41 }),
      ];
    }),
  ];
}

function renderPipeline(top: number): readonly string[] {
  const { title, colour, columns, rooms } = PIPELINE;
  const width = (INNER - 2 * PADDING - (columns - 1) * ARROW) / columns;
  const y = top + HEADER + 2;
  const xOf = (index: number) => MARGIN + PADDING + index * (width + ARROW);
  return [
    ...frame(title, colour, top, PIPELINE_HEIGHT),
    ...Object.entries(rooms).flatMap(([room, what], index) => {
      const x = xOf(index);
      return [
        box(x, y, width, STAGE, { rx: 9, fill: colour }),
        text(room, { class: "room on-colour", x: x + 14, y: y + 31 }),
        text(String(numberOf(room)), { class: "number on-colour", x: x + width - 10, y: y + 18, "text-anchor": "end" }),
        text(what, { class: "on-colour", x: x + 14, y: y + 53 }),
        ...(index === 0 ? [] : arrow(x - ARROW + 3, y + STAGE / 2, x - 3, colour)),
      ];
    }),
    ...renderReturn({ from: xOf(3) + width / 2, to: xOf(1) + width / 2, y: y + STAGE, colour }),
  ];
}

function arrow(from: number, y: number, to: number, colour: string): readonly string[] {
  return [
    element("line", { x1: from, y1: y, x2: to - 9, y2: y, stroke: colour, "stroke-width": 2.5 }),
    element("path", { d: `M${to} ${y} L${to - 11} ${y - 6} L${to - 11} ${y + 6} Z`, fill: colour }),
  ];
}

interface Return {
  readonly from: number;
  readonly to: number;
  readonly y: number;
  readonly colour: string;
}

/** The way back from the machine as it is now to the facts. */
function renderReturn({ from, to, y, colour }: Return): readonly string[] {
  const low = y + 30;
  const line = `M${from} ${y + 3} V${low - 10} a10 10 0 0 1 -10 10 H${to + 10} a10 10 0 0 1 -10 -10 V${y + 12}`;
  const words = `again every ${DEFAULTS.intervals.convergeSeconds} s: a round with nothing to do writes nothing`;
  return [
    element("path", { d: line, fill: "none", stroke: colour, "stroke-width": 2, "stroke-dasharray": "6 4" }),
    element("path", { d: `M${to} ${y + 3} L${to - 6} ${y + 14} L${to + 6} ${y + 14} Z`, fill: colour }),
    text(words, { x: (from + to) / 2, y: low + 19, "text-anchor": "middle" }),
  ];
}
