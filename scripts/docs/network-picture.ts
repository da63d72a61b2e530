// docs/images/network.svg: the connections of a node, from the table that docs/reference/network-ports.md has too.
import { CONNECTIONS, type Connection, type Side } from "../../agent/check/connections.ts";
import { box, element, MONO, renderPicture, SANS, text } from "./svg.ts";

const WIDTH = 1000;
const MARGIN = 24;
const ROW = 50;
const HEADER = 48;
const GAP = 18;
/** Room for what listens on loopback, below the rows. */
const WITHIN = 68;
/** Left edges of the columns, and their widths. */
const MACHINE = { x: MARGIN, width: 290 };
const PEERS = { x: 466, width: WIDTH - MARGIN - 466 };
/** A host longer than this takes a second line. */
const HOST_CHARACTERS = 66;

const TITLES: Readonly<Record<Side, string>> = {
  machine: "The machine",
  aws: "AWS, in the cluster's region",
  "control-plane": "The cluster's control plane",
  internet: "The internet, or mirrors of yours",
};
const COLOURS: Readonly<Record<Side, string>> = {
  machine: "#1f6feb",
  aws: "#bc6c00",
  "control-plane": "#7a3fd1",
  internet: "#3f7d3a",
};

const STYLE = `
text { font-family: ${SANS}; font-size: 13px; fill: #1f2328; }
.heading { font-size: 15px; font-weight: 600; } .name { font-weight: 600; }
.host { font-family: ${MONO}; font-size: 11px; fill: #57606a; } .note { font-size: 12px; fill: #57606a; }
.program { font-family: ${MONO}; font-size: 11.5px; }
.port { font-family: ${MONO}; font-size: 12px; font-weight: 600; }
`;

interface Group {
  readonly side: Side;
  readonly y: number;
  readonly height: number;
  readonly connections: readonly Connection[];
}

/** Renders the picture. */
export function renderNetworkPicture(): string {
  const groups = layOut(["aws", "control-plane", "internet"]);
  const bottom = Math.max(...groups.map(({ y, height }) => y + height));
  const height = bottom + WITHIN + MARGIN;
  return renderPicture({
    ...{ width: WIDTH, height, style: STYLE },
    title:
      "The connections of a node: outward to AWS, the control plane and the internet, and from the control plane to kubelet",
    from: "agent/check/connections.ts",
    body: [
      box(0.5, 0.5, WIDTH - 1, height - 1, { rx: 12, fill: "#ffffff", stroke: "#d0d7de" }),
      ...renderMachine(bottom),
      ...groups.flatMap(renderGroup),
      ...renderLegend(bottom + 32),
    ],
  });
}

/** The peers, from top to bottom, each with its connections in both directions. */
function layOut(sides: readonly Side[]): readonly Group[] {
  let y = MARGIN;
  return sides.map((side) => {
    const connections = CONNECTIONS.filter(({ from, to }) => from !== to && (from === side || to === side));
    const group = { side, y, height: HEADER + connections.length * ROW + 6, connections };
    y += group.height + GAP;
    return group;
  });
}

/** The frame, and what listens within it. */
function renderMachine(bottom: number): readonly string[] {
  const { x, width } = MACHINE;
  const local = CONNECTIONS.filter(({ from, to }) => from === to);
  return [
    ...frame(x, MARGIN, width, bottom + WITHIN - MARGIN, "machine"),
    text("needs no inbound port to be Ready", { class: "note", x: x + 16, y: MARGIN + 44 }),
    text("On loopback only", { class: "name", x: x + 16, y: bottom + 16 }),
    ...local.flatMap(({ program, host, ports }, index) => {
      const y = bottom + 36 + index * 18;
      return [
        text(`${host}:${ports.join(", ")}`, { class: "host", x: x + 16, y }),
        text(program, { class: "program", x: x + width - 14, y, "text-anchor": "end" }),
      ];
    }),
  ];
}

function renderGroup({ side, y, height, connections }: Group): readonly string[] {
  return [
    ...frame(PEERS.x, y, PEERS.width, height, side),
    ...connections.flatMap((connection, index) => renderConnection(connection, side, y + HEADER + index * ROW)),
  ];
}

function frame(x: number, y: number, width: number, height: number, side: Side): readonly string[] {
  const colour = COLOURS[side];
  return [
    box(x, y, width, height, { rx: 10, fill: colour, "fill-opacity": 0.05, stroke: colour, "stroke-width": 1.5 }),
    text(TITLES[side], { class: "heading", x: x + 16, y: y + 25, style: `fill: ${colour}` }),
  ];
}

function renderConnection(connection: Connection, side: Side, top: number): readonly string[] {
  const { from, name, program, host, ports, protocol, when } = connection;
  const y = top + ROW / 2 - 5;
  const [left, right] = [MACHINE.x + MACHINE.width, PEERS.x];
  const isOutward = from === "machine";
  const label = `${protocol.replace(" and", ",")} ${ports.join(", ")}`;
  const [first = "", second] = breakHost(isOutward ? host : "logs, exec, port-forward, metrics");
  const title = isOutward ? name : `To ${name}`;
  const dash = when === undefined ? undefined : "6 4";
  return [
    element("line", {
      x1: isOutward ? left : left + 8,
      y1: y,
      x2: isOutward ? right - 8 : right,
      y2: y,
      stroke: COLOURS[side],
      "stroke-width": 2,
      "stroke-dasharray": dash,
    }),
    arrowHead(isOutward ? right : left, y, isOutward ? -1 : 1, COLOURS[side]),
    text(label, { class: "port", x: (left + right) / 2, y: y - 7, "text-anchor": "middle" }),
    text(program, { class: "program", x: left - 14, y: y + 4, "text-anchor": "end" }),
    text(title, { class: "name", x: right + 16, y: second === undefined ? y + 1 : y - 6 }),
    text(first, { class: "host", x: right + 16, y: second === undefined ? y + 17 : y + 9 }),
    ...(second === undefined ? [] : [text(second, { class: "host", x: right + 16, y: y + 23 })]),
  ];
}

function arrowHead(x: number, y: number, direction: 1 | -1, fill: string): string {
  const back = x + direction * 11;
  return element("path", { d: `M${x} ${y} L${back} ${y - 6} L${back} ${y + 6} Z`, fill });
}

function breakHost(host: string): readonly string[] {
  if (host.length <= HOST_CHARACTERS) return [host];
  const [first = "", ...rest] = host.split(", ");
  return rest.length === 0 ? [first] : [`${first},`, rest.join(", ")];
}

function renderLegend(y: number): readonly string[] {
  const { x } = PEERS;
  const entry = (top: number, words: string, dash?: string) => [
    element("line", {
      ...{ x1: x, y1: top - 4, x2: x + 40, y2: top - 4, stroke: "#57606a", "stroke-width": 2 },
      "stroke-dasharray": dash,
    }),
    text(words, { class: "note", x: x + 52, y: top }),
  ];
  return [...entry(y, "every node"), ...entry(y + 22, "with a setting, or for a purpose", "6 4")];
}
