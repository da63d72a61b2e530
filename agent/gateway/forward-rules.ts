// What may pass through a gateway, as iptables-restore(8) takes it: chains of its own, of which each is replaced as a whole. Pure.
import { GATEWAY_HEALTH_PORT, GATEWAY_INTERFACE } from "../tunnel/names.ts";
import type { AllowedTarget } from "./gateway-schema.ts";

/** An address and port that satellites may reach: the API server's, or the cluster DNS's. */
export interface ServiceAddress {
  readonly address: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
}

export interface ForwardPolicy {
  /** The gateway's own, in the VPC. */
  readonly address: string;
  readonly mtu: number;
  readonly vpcCidrs: readonly string[];
  readonly services: readonly ServiceAddress[];
  readonly allow: readonly AllowedTarget[];
  /** The aggregate of all satellites' pods; undefined where they have no addresses. */
  readonly pods?: string | undefined;
}

export interface OwnChain {
  readonly table: "filter" | "mangle";
  readonly name: string;
  /** The chain of the kernel's that jumps to it, before its other rules. */
  readonly from: "FORWARD" | "INPUT";
}

export const OWN_CHAINS = [
  { table: "filter", name: "ES-GATEWAY-FORWARD", from: "FORWARD" },
  { table: "filter", name: "ES-GATEWAY-INPUT", from: "INPUT" },
  { table: "mangle", name: "ES-GATEWAY-MSS", from: "FORWARD" },
] as const satisfies readonly OwnChain[];

/** IPv4's and TCP's headers without options. */
const HEADERS = 40;
const KNOWN = "-m conntrack --ctstate RELATED,ESTABLISHED";
const SYN = "-p tcp --tcp-flags SYN,RST SYN";
/**
 * All of TCP but what opens a connection. The kernel's memory of connections is this machine's alone: one that another gateway carried
 * for a while, or from its beginning, is unknown or invalid here, and what the satellite has to say in it must pass all the same.
 */
const OPENS_NOTHING = "-p tcp ! --tcp-flags SYN,ACK SYN";
/** An answer at once, in place of a program that waits for minutes. */
const REFUSE = "-j REJECT --reject-with icmp-admin-prohibited";

/** Renders the input of `iptables-restore --noflush`: it replaces these chains in one step each table, and touches no other. */
export function renderForwardRules(policy: ForwardPolicy): string {
  const [forward, input, mss] = OWN_CHAINS;
  return [
    "*filter",
    `:${forward.name} - [0:0]`,
    `:${input.name} - [0:0]`,
    ...forwardRules(policy).map((rule) => `-A ${forward.name} ${rule}`),
    ...inputRules(policy).map((rule) => `-A ${input.name} ${rule}`),
    "COMMIT",
    "*mangle",
    `:${mss.name} - [0:0]`,
    ...mssRules(policy).map((rule) => `-A ${mss.name} ${rule}`),
    "COMMIT",
    "",
  ].join("\n");
}

/** Only what goes through the tunnel, either way, is judged here; the rest goes on to the machine's other rules. */
function forwardRules({ vpcCidrs, services, allow, pods }: ForwardPolicy): readonly string[] {
  const device = GATEWAY_INTERFACE;
  return [
    `-i ${device} ${KNOWN} -j ACCEPT`,
    `-o ${device} ${KNOWN} -j ACCEPT`,
    ...vpcCidrs.map((cidr) => `-i ${device} -d ${cidr} ${OPENS_NOTHING} -j ACCEPT`),
    ...services.map(({ address, port, protocol }) => accept(`-i ${device} -d ${address}/32`, { protocol, port })),
    ...allow.map(({ cidr, protocol, port }) => accept(`-i ${device} -d ${cidr}`, { protocol, port })),
    // Kubernetes' pods reach each other: of another satellite's addresses those of its pods alone. WireGuard has checked the source.
    ...(pods === undefined ? [] : [`-i ${device} -o ${device} -d ${pods} -j ACCEPT`]),
    `-i ${device} ${REFUSE}`,
    ...vpcCidrs.map((cidr) => `-s ${cidr} -o ${device} -j ACCEPT`),
    `-o ${device} -j DROP`,
  ];
}

function accept(match: string, { protocol, port }: { readonly protocol: string; readonly port: number | undefined }) {
  return port === undefined ? `${match} -j ACCEPT` : `${match} -p ${protocol} --dport ${port} -j ACCEPT`;
}

/** A satellite's packets come out of the tunnel: no security group has seen them. */
function inputRules({ address }: ForwardPolicy): readonly string[] {
  const device = GATEWAY_INTERFACE;
  return [
    `-i ${device} ${KNOWN} -j ACCEPT`,
    `-i ${device} -d ${address}/32 -p tcp --dport ${GATEWAY_HEALTH_PORT} -j ACCEPT`,
    `-i ${device} -d ${address}/32 -p udp --dport ${GATEWAY_HEALTH_PORT} -j ACCEPT`,
    `-i ${device} -p icmp --icmp-type echo-request -j ACCEPT`,
    `-i ${device} -j DROP`,
  ];
}

/** Both directions: a machine in the VPC has 9001 bytes, and a pod whose own link has as many would send what the tunnel cannot carry. */
function mssRules({ mtu }: ForwardPolicy): readonly string[] {
  return [
    `-o ${GATEWAY_INTERFACE} ${SYN} -j TCPMSS --clamp-mss-to-pmtu`,
    `-i ${GATEWAY_INTERFACE} ${SYN} -j TCPMSS --set-mss ${mtu - HEADERS}`,
  ];
}
