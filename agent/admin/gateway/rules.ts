// What the security groups must let through: the gateway's own, which is the firewall between satellites and VPC, and the cluster's.
import { isDeepStrictEqual } from "node:util";
import type { GroupRule, RuleRequest, Tags } from "../../host/gateway-aws/types.ts";
import { WIREGUARD_PORT } from "../../tunnel/names.ts";
import { isWithin, type TunnelNetworks } from "./networks.ts";

const ANYWHERE = "0.0.0.0/0";
const DNS_PORT = 53;
const HTTPS_PORT = 443;
const KUBELET_PORT = 10250;

/** A destination in the VPC that satellites may reach beside the API server and DNS. */
export interface Allowance {
  readonly cidr: string;
  /** Undefined: every port and protocol. */
  readonly port: number | undefined;
}

type Wanted = Omit<RuleRequest, "tags">;

/** Packets of the VPC for satellites come in here, those of satellites for the VPC go out: both are filtered by these rules. */
export function gatewayRules(
  vpcCidrs: readonly string[],
  allowances: readonly Allowance[],
  tags: Tags,
): readonly RuleRequest[] {
  const wanted: readonly Wanted[] = [
    rule("in", "udp", WIREGUARD_PORT, ANYWHERE, "WireGuard of satellites"),
    ...vpcCidrs.map((cidr) => rule("in", "-1", -1, cidr, "from the VPC to satellites, and the gateway's health")),
    rule("out", "tcp", HTTPS_PORT, ANYWHERE, "API server, AWS, the package"),
    rule("out", "tcp", 80, ANYWHERE, "packages of the distribution"),
    ...vpcCidrs.flatMap((cidr) => [
      rule("out", "udp", DNS_PORT, cidr, "DNS of the cluster"),
      rule("out", "tcp", DNS_PORT, cidr, "DNS of the cluster"),
    ]),
    ...allowances.map(({ cidr, port }) =>
      port === undefined
        ? rule("out", "-1", -1, cidr, "allowed with --allow")
        : rule("out", "tcp", port, cidr, "allowed with --allow"),
    ),
  ];
  return wanted.map((each) => ({ ...each, tags }));
}

/**
 * The API server's interfaces and, where nodes of the VPC have this group, CoreDNS's pods. In the VPC the API server's name leads to these
 * interfaces: the gateway, which is no member of the group, asks there too.
 * @param subnetCidr the gateway's subnet
 */
export function clusterGroupRules(
  { nodes, pods }: TunnelNetworks,
  subnetCidr: string | undefined,
  tags: Tags,
): readonly RuleRequest[] {
  const satellites = [nodes, ...(pods === undefined ? [] : [pods])].flatMap((cidr) => [
    rule("in", "tcp", HTTPS_PORT, cidr, "API server for satellites"),
    rule("in", "udp", DNS_PORT, cidr, "DNS for satellites"),
    rule("in", "tcp", DNS_PORT, cidr, "DNS for satellites"),
  ]);
  const gateway =
    subnetCidr === undefined ? [] : [rule("in", "tcp", HTTPS_PORT, subnetCidr, "API server for the gateway")];
  return [...gateway, ...satellites].map((each) => ({ ...each, tags }));
}

/** What earlier runs allowed: rules of ours that a gateway has not by itself. */
export function earlierAllowances(vpcCidrs: readonly string[], rules: readonly GroupRule[]): readonly Allowance[] {
  const own = gatewayRules(vpcCidrs, [], {});
  const isOwn = (rule: GroupRule) =>
    own.some(({ direction, protocol, fromPort, cidr }) =>
      isDeepStrictEqual({ direction, protocol, fromPort, cidr }, pick(rule)),
    );
  return rules
    .filter((rule) => rule.direction === "out" && Object.keys(rule.tags).length > 0 && !isOwn(rule))
    .flatMap(({ cidr, protocol, fromPort }) =>
      cidr === undefined ? [] : [{ cidr, port: protocol === "-1" ? undefined : fromPort }],
    );
}

function pick({ direction, protocol, fromPort, cidr }: GroupRule) {
  return { direction, protocol, fromPort, cidr };
}

/** What the control plane must be let out to: kubelet's port of satellites. EKS's group allows everything, unless that was changed. */
export function kubeletRule({ nodes }: TunnelNetworks): Wanted {
  return rule("out", "tcp", KUBELET_PORT, nodes, "kubelet of satellites");
}

/** The wanted rules that no present rule covers. */
export function missingRules<T extends Wanted>(wanted: readonly T[], present: readonly GroupRule[]): readonly T[] {
  return wanted.filter((rule) => !present.some((each) => covers(each, rule)));
}

/** The rule that EC2 gives every new group: out to everywhere. One of ours has tags. */
export function isDefaultEgress({ direction, protocol, cidr, tags }: GroupRule): boolean {
  return direction === "out" && protocol === "-1" && cidr === ANYWHERE && Object.keys(tags).length === 0;
}

function covers(present: GroupRule, wanted: Wanted): boolean {
  if (present.direction !== wanted.direction || present.cidr === undefined) return false;
  if (!isWithin(wanted.cidr, present.cidr)) return false;
  if (present.protocol === "-1") return true;
  if (present.protocol !== wanted.protocol) return false;
  return present.fromPort <= wanted.fromPort && wanted.toPort <= present.toPort;
}

/** One line for a person. */
export function describeRule({
  direction,
  protocol,
  fromPort,
  cidr,
}: Pick<Wanted, "direction" | "protocol" | "fromPort" | "cidr">): string {
  const what = protocol === "-1" ? "everything" : `${protocol.toUpperCase()} ${fromPort}`;
  return `${what} ${direction === "in" ? "from" : "to"} ${cidr}`;
}

function rule(direction: "in" | "out", protocol: string, port: number, cidr: string, description: string): Wanted {
  return { direction, protocol, fromPort: port, toPort: port, cidr, description };
}
