// The namespaces of a sandbox in a VPC and the links between them; what the VPC itself routes and filters is the fabric's.
//
//   machine ── NAT ── internet (with AWS) ── VPC's fabric ── instances
//                         └── control plane ──┘
import type { Addresses } from "../addresses.ts";
import {
  ensureHostLink,
  ensureLink,
  ensureNamespace,
  ensureRule,
  execIn,
  hasLink,
  ip,
  setAddress,
  setParameters,
  writeHosts,
} from "../links.ts";
import { elasticAddresses, metadataAddress, providerPrefixLength, type VpcAddresses } from "./addresses.ts";

/** The NAT's port for the machine, on the bridge of its inner side. */
export const machinePort = "machine";
/** The bridge of the NAT's inner side. */
export const lanBridge = "lan";
/** The NAT's outer side. */
export const wanLink = "wan";
/** The fabric's link with the internet. */
export const internetGateway = "igw";
/** The control plane's link with the internet. */
export const publicLink = "public";

/** The routing table of what the control plane sends from its public address. */
const publicTable = "100";
/** A packet passes these namespaces whatever way its answer takes. */
const router = {
  "ipv4/ip_forward": "1",
  "ipv4/conf/all/rp_filter": "0",
  "ipv4/conf/default/rp_filter": "0",
};

/** Brings namespaces and links to their full shape, whatever part of them is there. */
export async function ensureVpcNetwork(addresses: Addresses, vpc: VpcAddresses, clusterId: string): Promise<void> {
  for (const name of [vpc.internetNamespace, vpc.natNamespace, vpc.fabricNamespace]) {
    await ensureNamespace(name);
    await setParameters(name, router);
  }
  await ensureInternet(addresses, vpc, clusterId);
  await ensureControlPlane(addresses, vpc);
  await ensureNat(addresses, vpc);
  await ensureFabric(vpc);
}

async function ensureInternet(addresses: Addresses, vpc: VpcAddresses, clusterId: string): Promise<void> {
  const { internetNamespace: internet, wayOut } = vpc;
  await writeHosts(internet, addresses, clusterId);
  await ensureHostLink(wayOut, internet, "host");
  await setAddress(internet, "host", wayOut.inside, wayOut.prefixLength);
  await setAddress(internet, "lo", addresses.aws, 32);
  await ip(["-n", internet, "route", "replace", "default", "via", wayOut.host]);
  // The host knows a way to the machine, and the internet does not.
  const privateNetworks = [`${vpc.lanRouter}/24`, `10.213.${addresses.slot}.0/24`];
  await replaceRules(internet, [
    "*nat",
    "-A POSTROUTING -o host -j MASQUERADE",
    "COMMIT",
    "*filter",
    `-A FORWARD -o host -d ${wayOut.host} -j ACCEPT`,
    ...privateNetworks.map((network) => `-A FORWARD -o host -d ${network} -j DROP`),
  ]);
}

/**
 * The API server has a public address, and answers from it over the internet. Whatever else the control plane sends goes into the VPC,
 * by routes that the fabric gives it for the VPC's CIDRs and the cluster's remote networks; the rest is lost without an answer, as on EKS.
 */
async function ensureControlPlane(addresses: Addresses, { internetNamespace: internet }: VpcAddresses): Promise<void> {
  const { controlNamespace: control, access } = addresses;
  await setParameters(control, { ...router, "ipv4/ip_forward": "0" });
  await ensureLink([internet, "control"], [control, publicLink]);
  await setAddress(internet, "control", addresses.control, 28);
  await setAddress(control, "lo", addresses.api, 32);
  await setAddress(control, publicLink, controlOwn(addresses), 28);
  const route = (...args: string[]) => ip(["-n", control, "route", "replace", ...args]);
  await route("default", "via", addresses.control, "dev", publicLink, "table", publicTable);
  await route(`${access.host}/32`, "dev", "host", "table", publicTable);
  await ensureRule(control, ["from", addresses.api, "lookup", publicTable]);
  await ensureLink([control, "nowhere"], [control, "nowhere-end"]);
  await ip(["-n", control, "link", "set", "nowhere", "arp", "off", "up"]);
  await ip(["-n", control, "link", "set", "nowhere-end", "up"]);
  await route("default", "dev", "nowhere", "src", controlOwn(addresses));
}

/** The control plane's own address beside the API server's: it asks AWS from there. */
function controlOwn({ slot }: Addresses): string {
  return `198.18.${slot}.1`;
}

async function ensureNat({ machineNamespace }: Addresses, vpc: VpcAddresses): Promise<void> {
  const { natNamespace: nat, internetNamespace: internet } = vpc;
  await ensureLink([internet, "nat"], [nat, wanLink]);
  await setAddress(internet, "nat", vpc.provider, providerPrefixLength);
  if (!(await hasLink([nat, lanBridge]))) {
    await ip(["-n", nat, "link", "add", lanBridge, "type", "bridge"]);
    await setAddress(nat, wanLink, vpc.natPublic[0], providerPrefixLength);
    await ip(["-n", nat, "route", "replace", "default", "via", vpc.provider]);
  }
  await setAddress(nat, lanBridge, vpc.lanRouter, 24);
  await ensureLink([nat, machinePort], [machineNamespace, "eth0"]);
  await ip(["-n", nat, "link", "set", machinePort, "master", lanBridge, "up"]);
  // Neighbours behind the NAT reach each other without it.
  await setParameters(nat, { "bridge/bridge-nf-call-iptables": "0" }).catch(() => undefined);
  await replaceRules(nat, [
    "*nat",
    `-A POSTROUTING -o ${wanLink} -j MASQUERADE`,
    "COMMIT",
    "*filter",
    ":FORWARD DROP",
    `-A FORWARD -i ${lanBridge} -o ${wanLink} -j ACCEPT`,
    "-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
  ]);
}

async function ensureFabric(vpc: VpcAddresses): Promise<void> {
  const { fabricNamespace: fabric, internetNamespace: internet, gateway } = vpc;
  await ensureLink([internet, "vpc"], [fabric, internetGateway]);
  await setAddress(internet, "vpc", gateway.internet, 30);
  await setAddress(fabric, internetGateway, gateway.fabric, 30);
  await ip(["-n", internet, "route", "replace", elasticAddresses, "via", gateway.fabric]);
  await setAddress(fabric, "lo", metadataAddress, 32);
}

/** Replaces all rules of the tables that are named. */
export async function replaceRules(namespace: string, lines: readonly string[]): Promise<void> {
  await execIn(namespace, ["iptables-restore"], `${lines.join("\n")}\nCOMMIT\n`);
}
