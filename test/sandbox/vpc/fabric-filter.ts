// What the VPC lets through, for iptables-restore: source/dest check, security groups (with a memory of connections), Elastic IPs.
import type { Cloud, CloudRule } from "./cloud.ts";
import type { Port } from "./ports.ts";
import { internetGateway } from "./topology.ts";

/**
 * The whole of filter and nat in the fabric's namespace. No security group filters the VPC's own resolver: the host's resolvers stand
 * in for it.
 */
export function renderFilter(cloud: Cloud, ports: readonly Port[], resolvers: readonly string[]): string {
  const chains = [
    ...ports.filter(({ sourceDestCheck }) => sourceDestCheck).flatMap(checkChains),
    ...ports.flatMap((port) => groupChains(cloud, port)),
    internetChain(cloud),
  ];
  return [
    "*filter",
    ":FORWARD DROP",
    ...["check", "egress", "ingress", ...chains.map(({ name }) => name)].map((name) => `:${name} -`),
    "-A FORWARD -j check",
    "-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
    `-A FORWARD -o ${internetGateway} -j to-internet`,
    ...resolvers.flatMap((address) =>
      ["udp", "tcp"].map((p) => `-A FORWARD -d ${address} -p ${p} --dport 53 -j ACCEPT`),
    ),
    "-A FORWARD -j egress",
    "-A FORWARD -j ingress",
    "-A FORWARD -j ACCEPT",
    ...chains.flatMap(({ rules }) => rules),
    "COMMIT",
    "*nat",
    ...elasticAddresses(cloud),
    "COMMIT",
    "",
  ].join("\n");
}

interface Chain {
  readonly name: string;
  readonly rules: readonly string[];
}

/** A chain that returns on each match and drops the rest; `jump` is the rule that enters it. */
function chain(name: string, matches: readonly string[], jump: string): Chain {
  return { name, rules: [...matches.map((match) => `-A ${name} ${match} -j RETURN`), `-A ${name} -j DROP`, jump] };
}

/** An interface with the check sends and takes its own addresses' packets alone. */
function checkChains({ port, addresses }: Port): readonly Chain[] {
  const [source, destination] = [`src-${port}`, `dst-${port}`];
  return [
    chain(
      source,
      addresses.map((address) => `-s ${address}`),
      `-A check -i ${port} -j ${source}`,
    ),
    chain(
      destination,
      addresses.map((address) => `-d ${address}`),
      `-A check -o ${port} -j ${destination}`,
    ),
  ];
}

function groupChains(cloud: Cloud, { port, securityGroups }: Port): readonly Chain[] {
  const groups = cloud.securityGroups.filter(({ id }) => securityGroups.includes(id));
  const out = groups.flatMap(({ egress }) => egress.flatMap((rule) => matchesOf(cloud, rule, "-d")));
  const into = groups.flatMap(({ ingress }) => ingress.flatMap((rule) => matchesOf(cloud, rule, "-s")));
  return [
    chain(`out-${port}`, out, `-A egress -i ${port} -j out-${port}`),
    chain(`in-${port}`, into, `-A ingress -o ${port} -j in-${port}`),
  ];
}

/** A group stands for the private addresses of its members, not for what they forward. */
function matchesOf(cloud: Cloud, rule: CloudRule, side: "-s" | "-d"): readonly string[] {
  const members = cloud.interfaces.filter(({ securityGroups }) => rule.group && securityGroups.includes(rule.group));
  const networks = rule.cidr ? [rule.cidr] : members.flatMap(({ addresses }) => addresses);
  return networks.map((network) => [`${side} ${network}`, ...protocolMatch(rule)].join(" "));
}

function protocolMatch({ protocol, fromPort, toPort }: CloudRule): readonly string[] {
  if (protocol === "-1") return [];
  const match = `-p ${protocol}`;
  if (fromPort === null || fromPort === -1) return [match];
  if (protocol === "icmp") return [`${match} --icmp-type ${fromPort}`];
  return [`${match} --dport ${fromPort}:${toPort ?? fromPort}`];
}

/** Without a public address nothing leaves through the internet gateway. */
function internetChain(cloud: Cloud): Chain {
  const rules = publicInterfaces(cloud).map(({ address }) => `-A to-internet -s ${address} -j RETURN`);
  return { name: "to-internet", rules: [...rules, "-A to-internet -j DROP"] };
}

/** Each Elastic IP with the private address that it leads to. */
export function elasticPairs(cloud: Cloud): ReadonlyMap<string, string> {
  return new Map(publicInterfaces(cloud).map(({ address, publicAddress }) => [publicAddress ?? "", address]));
}

function elasticAddresses(cloud: Cloud): readonly string[] {
  return publicInterfaces(cloud).flatMap(({ address, publicAddress }) => [
    `-A PREROUTING -i ${internetGateway} -d ${publicAddress} -j DNAT --to-destination ${address}`,
    `-A POSTROUTING -o ${internetGateway} -s ${address} -j SNAT --to-source ${publicAddress}`,
  ]);
}

function publicInterfaces({ interfaces }: Cloud) {
  return interfaces.filter(({ publicAddress }) => publicAddress !== null);
}
