// docs/images/tunnel.svg: the way of a packet between kubectl and kubelet, step by step, with the reason that names each step when it is missing.
import type { CONDITIONS } from "../../agent/board/condition-types.ts";
import { GATEWAY_INTERFACE, TUNNEL_INTERFACE, WIREGUARD_PORT } from "../../agent/tunnel/names.ts";
import { box, element, MONO, renderPicture, SANS, text } from "./svg.ts";

const WIDTH = 1040;
const MARGIN = 24;
const TOP = 326;
const ROW = 40;
/** Heights of the three lanes: there, back, and past the tunnel. */
const LANE = { there: 112, back: 186, past: 268 };
const COLOUR = { there: "#1f6feb", back: "#bc6c00", past: "#3f7d3a", zone: "#57606a" };

const STYLE = `
text { font-family: ${SANS}; font-size: 13px; fill: #1f2328; }
.heading { font-size: 14px; font-weight: 600; } .name { font-weight: 600; }
.mono { font-family: ${MONO}; font-size: 11px; fill: #57606a; } .note { font-size: 11.5px; fill: #57606a; }
.reason { font-family: ${MONO}; font-size: 11.5px; fill: #a40e26; } .number { font-size: 11.5px; font-weight: 700; fill: #ffffff; }
`;

interface Step {
  readonly lane: keyof typeof LANE;
  /** Middle of the number's circle. */
  readonly x: number;
  readonly what: string;
  /** What condition says that it is missing, and how: headings of docs/troubleshooting. */
  readonly condition?: keyof typeof CONDITIONS;
  readonly reasons?: readonly string[];
}

/** The steps in the order of the packet. */
export const STEPS: readonly Step[] = [
  { lane: "there", x: 146, what: "kubectl asks the API server at its public endpoint" },
  {
    ...{ lane: "there", x: 358, condition: "ControlPlaneRoute", reasons: ["RemoteNetworkMissing"] },
    what: "the control plane sends to the VPC only what the cluster's remote networks name",
  },
  {
    ...{ lane: "there", x: 511, condition: "ControlPlaneRoute", reasons: ["VpcRouteMissing", "SourceDestCheckOn"] },
    what: "the route table sends the node's network to the gateway's network interface",
  },
  {
    ...{ lane: "there", x: 672, condition: "TunnelUp", reasons: ["KeyUnknown", "GatewayAway", "UdpBlocked"] },
    what: `the gateway encrypts for the key that owns the address; UDP ${WIREGUARD_PORT}, through the way that the machine has opened`,
  },
  {
    ...{ lane: "there", x: 805, condition: "ControlPlaneRoute", reasons: ["KubeletUnreachable"] },
    what: `${TUNNEL_INTERFACE} decrypts, the machine's firewall lets it in, and kubelet listens on port 10250`,
  },
  {
    ...{ lane: "back", x: 805, reasons: [] },
    what: `answers, and what begins here: the routes to the VPC and the Services go through ${TUNNEL_INTERFACE}, with the node's address`,
  },
  {
    ...{ lane: "back", x: 511, condition: "ControlPlaneRoute", reasons: ["SecurityGroupClosed", "ApiServerSilent"] },
    what: "the gateway lets the node's address alone through, and the security group lets it in",
  },
  {
    ...{ lane: "past", x: 620, condition: "ApiReachable", reasons: [] },
    what: "kubelet, the daemon and AWS: past the tunnel. A dead gateway leaves the node Ready and its pods running",
  },
];

/** Renders the picture. */
export function renderTunnelPicture(): string {
  const height = TOP + STEPS.length * ROW;
  return renderPicture({
    ...{ width: WIDTH, height, style: STYLE },
    title:
      "The way of a packet: kubectl, API server, its network interface in the VPC, route table, gateway, WireGuard through a NAT, kubelet; and back",
    from: "scripts/docs/tunnel-picture.ts",
    body: [
      box(0.5, 0.5, WIDTH - 1, height - 1, { rx: 12, fill: "#ffffff", stroke: "#d0d7de" }),
      ...renderZones(),
      ...renderWays(),
      ...renderThings(),
      ...STEPS.flatMap(renderStep),
    ],
  });
}

function renderZones(): readonly string[] {
  return [
    ...zone(24, 100, 250, "You", ""),
    ...zone(168, 164, 270, "EKS control plane", "AWS's account"),
    ...zone(372, 250, 190, "Your VPC", "10.20.0.0/16"),
    text("WireGuard", { class: "note", x: 656, y: LANE.there - 16, "text-anchor": "middle" }),
    text("HTTPS", { class: "note", x: 500, y: LANE.past - 8, "text-anchor": "middle" }),
    ...zone(690, 96, 270, "NAT", "a router"),
    ...zone(826, 190, 270, "The machine", "10.250.0.11"),
  ];
}

function zone(x: number, width: number, height: number, title: string, note: string): readonly string[] {
  return [
    box(x, MARGIN, width, height, { rx: 10, fill: COLOUR.zone, "fill-opacity": 0.05, stroke: COLOUR.zone }),
    text(title, { class: "heading", x: x + 12, y: MARGIN + 22 }),
    text(note, { class: "mono", x: x + 12, y: MARGIN + 38 }),
  ];
}

function renderThings(): readonly string[] {
  const { there, back } = LANE;
  return [
    ...thing(36, 76, [there - 20, there + 20], "kubectl", "logs, exec"),
    ...thing(180, 140, [there - 20, back + 20], "API server", "asks kubelets"),
    ...thing(384, 104, [there - 20, back + 20], "its network", "interface"),
    ...thing(534, 76, [there - 20, back + 20], "gateway", GATEWAY_INTERFACE),
    ...thing(702, 72, [there - 20, LANE.past + 16], "", "UDP"),
    ...thing(838, 56, [there - 20, back + 20], TUNNEL_INTERFACE, ""),
    ...thing(920, 84, [there - 20, LANE.past + 16], "kubelet", ":10250"),
  ];
}

function thing(x: number, width: number, [top, bottom]: readonly [number, number], name: string, note: string) {
  const middle = { x: x + width / 2, "text-anchor": "middle" };
  const y = (top + bottom) / 2;
  return [
    box(x, top, width, bottom - top, { rx: 7, fill: "#ffffff", stroke: "#8c959f" }),
    text(name, { class: "name", ...middle, y }),
    text(note, { class: "note", ...middle, y: y + 16 }),
  ];
}

function renderWays(): readonly string[] {
  return [
    ...way("there", [112, 180], [320, 384], [488, 534], [610, 702], [774, 838], [894, 920]),
    ...way("back", [920, 894], [838, 774], [702, 610], [534, 488], [384, 320]),
    ...way("past", [920, 774], [702, 320]),
    element("path", {
      d: `M320 ${LANE.past} H250 V${LANE.back + 22}`,
      ...{ fill: "none", stroke: COLOUR.past, "stroke-width": 2, "stroke-dasharray": "6 4" },
    }),
    head(250, LANE.back + 21, 0, -1, COLOUR.past),
  ];
}

function way(lane: keyof typeof LANE, ...parts: readonly (readonly [number, number])[]): readonly string[] {
  const y = LANE[lane];
  return parts.flatMap(([from, to], index) => {
    const isEnd = lane !== "past" || index === 0;
    const direction = Math.sign(to - from);
    const line = {
      ...{ x1: from, y1: y, x2: isEnd ? to - direction * 8 : to, y2: y, stroke: COLOUR[lane], "stroke-width": 2 },
      "stroke-dasharray": lane === "past" ? "6 4" : undefined,
    };
    return [element("line", line), ...(isEnd ? [head(to, y, direction, 0, COLOUR[lane])] : [])];
  });
}

/** The tip of an arrow that points in a direction. */
function head(x: number, y: number, dx: number, dy: number, fill: string): string {
  const [backX, backY] = [x - dx * 10, y - dy * 10];
  return element("path", {
    d: `M${x} ${y} L${backX + dy * 5} ${backY + dx * 5} L${backX - dy * 5} ${backY - dx * 5} Z`,
    fill,
  });
}

function renderStep({ lane, x, what, condition, reasons = [] }: Step, index: number): readonly string[] {
  const y = TOP + index * ROW;
  const missing = condition === undefined ? "" : [condition, reasons.join(", ")].filter(Boolean).join(": ");
  return [
    ...circle(x, LANE[lane], index, COLOUR[lane]),
    ...circle(MARGIN + 16, y, index, COLOUR[lane]),
    text(what, { x: MARGIN + 38, y: missing === "" ? y + 4 : y - 2 }),
    ...(missing === "" ? [] : [text(missing, { class: "reason", x: MARGIN + 38, y: y + 15 })]),
  ];
}

function circle(x: number, y: number, index: number, fill: string): readonly string[] {
  return [
    element("circle", { cx: x, cy: y, r: 10, fill, stroke: "#ffffff", "stroke-width": 2 }),
    text(String(index + 1), { class: "number", x, y: y + 4, "text-anchor": "middle" }),
  ];
}
