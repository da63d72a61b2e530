// What `--open` says, and the rules of Lambda's firewall that it becomes.

import { SatelliteError } from "../../errors.ts";
import { toRange } from "../../gateway/peers/ipv4-range.ts";
import { ipv4Address, isNetwork } from "../../tunnel/entries.ts";
import type { FirewallRule } from "../lambda/api.ts";

/** A port, or ports, that packets may come to. */
export interface Opening {
  readonly protocol: "tcp" | "udp";
  readonly ports: readonly [number, number];
  /** A network; undefined for this machine's own public address. */
  readonly source: string | undefined;
}

export const EVERYWHERE = "0.0.0.0/0";
/** kubelet's API: it runs commands in pods. */
const KUBELET_PORT = 10_250;
/** A larger network is not an office. */
const KUBELET_MIN_PREFIX = 8;
const FORM = /^(?:(tcp|udp):)?(\d{1,5})(?:-(\d{1,5}))?(?::([\d./]{1,18}))?$/;
const HINT = "It looks like tcp:8080:198.51.100.0/24, 8080, or udp:30000-30010:0.0.0.0/0.";

/** Reads one. @throws options-invalid */
export function parseOpening(text: string): Opening {
  const [, protocol = "tcp", first, last = first, network] = FORM.exec(text) ?? [];
  const refuse = (problem: string, hint = HINT) =>
    new SatelliteError("options-invalid", `--open ${JSON.stringify(text)} ${problem}`, { hint });
  if (first === undefined) throw refuse("is not PROTOCOL:PORT or PROTOCOL:PORT:NETWORK");
  const ports = [Number(first), Number(last)] as const;
  if (ports[0] < 1 || ports[1] > 65_535 || ports[0] > ports[1]) throw refuse("names no ports: they are 1 to 65535");
  const source = network === undefined ? undefined : toNetwork(network);
  if (network !== undefined && source === undefined) throw refuse(`names no IPv4 network: ${network}`);
  const opening = { protocol: protocol === "udp" ? "udp" : "tcp", ports, source } as const;
  if (source !== undefined && exposesKubelet(opening, source))
    throw refuse(
      `opens kubelet's port ${KUBELET_PORT} to ${source}`,
      "kubelet runs commands in pods for each caller that it takes for the API server: eks-satellite gateway create makes a way for the API server alone.",
    );
  return opening;
}

function toNetwork(text: string): string | undefined {
  if (ipv4Address.safeParse(text).success) return `${text}/32`;
  return isNetwork(text) ? text : undefined;
}

function exposesKubelet({ protocol, ports: [first, last] }: Opening, source: string): boolean {
  if (protocol !== "tcp" || first > KUBELET_PORT || last < KUBELET_PORT) return false;
  return Number(source.split("/")[1]) < KUBELET_MIN_PREFIX;
}

/** The rules, each once. @param ownNetwork of an opening that names none */
export function rulesOf(openings: readonly Opening[], ownNetwork: string, machine: string): readonly FirewallRule[] {
  const rules = openings.map(({ protocol, ports, source = ownNetwork }) => ({
    protocol,
    ports,
    source,
    description: `eks-satellite ${machine}`.slice(0, 128),
  }));
  const byText = new Map(rules.map((rule) => [describeRule(rule), rule]));
  return [...byText].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, rule]) => rule);
}

/** E.g. `tcp 8080 from 198.51.100.0/24`. */
export function describeRule({ protocol, ports, source }: FirewallRule): string {
  const [first, last] = ports ?? [];
  const range = first === undefined ? "" : first === last ? ` ${first}` : ` ${first}-${last}`;
  return `${protocol}${range} from ${source}`;
}

/** Whether a network holds more addresses than an organisation has. */
export function isWorld(source: string): boolean {
  const { first, last } = toRange(source);
  return last - first >= 2 ** 24 - 1;
}
