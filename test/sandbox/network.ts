// The network of a sandbox: control plane and machine joined by a veth, or a VPC and a NAT between them; and a veth from the host into each.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Addresses } from "./addresses.ts";
import { clean } from "./environment.ts";
import {
  allowForwarding,
  ensureHostLink,
  ensureLink,
  ensureNamespace,
  execIn,
  forbidForwarding,
  ip,
  namespaces,
  removeHostLink,
  setAddress,
  writeHosts,
} from "./links.ts";
import { endProcess, identityOf, type ProcessIdentity } from "./process.ts";
import { vpcAddressesOf } from "./vpc/addresses.ts";
import { ensureVpcNetwork, machinePort } from "./vpc/topology.ts";

/** The control plane's end of its link with the machine; the machine's end is eth0. */
const machineLink = "machine";

/** Brings the network to its full shape, whatever part of it is there. */
export async function ensureNetwork(addresses: Addresses, clusterId: string): Promise<void> {
  const { controlNamespace: control, machineNamespace: machine, uplink, access, vpc } = addresses;
  await ensureNamespace(control);
  await ensureNamespace(machine);
  await writeHosts(control, addresses, clusterId);
  await ensureHostLink(access, control, "host");
  await setAddress(control, "host", access.inside, access.prefixLength);
  await ensureHostLink(uplink, machine, "uplink");
  if (vpc) await ensureVpcNetwork(addresses, vpc, clusterId);
  else await joinMachine(addresses);
  await ip(["route", "replace", addresses.api, "via", access.inside]);
  await ip(["route", "replace", addresses.aws, "via", (vpc?.wayOut ?? access).inside]);
  await ip(["route", "replace", addresses.node, "via", uplink.inside]);
  await allowForwarding(vpc?.wayOut ?? uplink);
}

async function joinMachine(addresses: Addresses): Promise<void> {
  const { controlNamespace: control, machineNamespace: machine } = addresses;
  await ensureLink([control, machineLink], [machine, "eth0"]);
  await setAddress(control, machineLink, addresses.control, addresses.prefixLength);
  await setAddress(control, "lo", addresses.api, 32);
  await setAddress(control, "lo", addresses.aws, 32);
}

/** Gives a container in the machine's namespace the addresses of its two links, and its way out. */
export async function addressContainer(addresses: Addresses): Promise<void> {
  const { machineNamespace, node, prefixLength, uplink } = addresses;
  await setAddress(machineNamespace, "eth0", node, prefixLength);
  await setAddress(machineNamespace, "uplink", uplink.inside, uplink.prefixLength);
  await ip(["-n", machineNamespace, "route", "replace", "default", "via", machineGateway(addresses)]);
}

/** The machine's way to everything that is not beside it. */
export function machineGateway({ uplink, vpc }: Addresses): string {
  return vpc?.lanRouter ?? uplink.host;
}

/** Takes everything of a slot's network away, and ends what still runs in it. */
export async function removeNetwork(addresses: Addresses): Promise<void> {
  const { wayOut } = vpcAddressesOf(addresses.slot);
  for (const link of [addresses.uplink, wayOut]) await forbidForwarding(link);
  // A namespace's own links go some time after it: the next sandbox in this slot would find an end without its other.
  for (const link of [addresses.access, addresses.uplink, wayOut]) await removeHostLink(link);
  const own = (await namespaces()).filter((name) => name.startsWith(`eks-satellite-${addresses.slot}-`));
  for (const namespace of own) {
    for (const identity of await processesIn(namespace)) await endProcess(identity, 1000);
    await execa("ip", ["netns", "delete", namespace], { ...clean(), reject: false });
    await rm(join("/etc/netns", namespace), { recursive: true, force: true });
  }
}

/** Whether packets pass between the machine and everything else; the host reaches it as before. */
export async function setMachineLink({ controlNamespace, vpc }: Addresses, state: "up" | "down"): Promise<void> {
  const [namespace, link] = vpc ? [vpc.natNamespace, machinePort] : [controlNamespace, machineLink];
  await ip(["-n", namespace, "link", "set", link, state]);
}

/** How connections end: refused at once, swallowed, or answered. */
export type Reach = "open" | "refuse" | "hang";

/** Sets how connections to AWS end; those to the API server are answered. */
export function setAwsReachability({ awsNamespace, aws }: Addresses, reach: Reach): Promise<void> {
  return setReachability(awsNamespace, aws, reach);
}

/** Sets how connections to the API server from outside end; those to AWS, and those of the cluster itself, are answered. */
export function setApiReachability({ controlNamespace, api, vpc }: Addresses, reach: Reach): Promise<void> {
  return setReachability(controlNamespace, api, reach, ["--in-interface", vpc ? "public" : machineLink]);
}

async function setReachability(namespace: string, address: string, reach: Reach, match: readonly string[] = []) {
  await execIn(namespace, ["iptables", "--flush", "INPUT"]);
  if (reach === "open") return;
  const target = reach === "hang" ? ["DROP"] : ["REJECT", "--reject-with", "tcp-reset"];
  const rule = ["--protocol", "tcp", ...match, "--destination", address, "--jump", ...target];
  await execIn(namespace, ["iptables", "--append", "INPUT", ...rule]);
}

/** All processes of a network namespace: only the sandbox starts any there. */
export async function processesIn(namespace: string): Promise<ProcessIdentity[]> {
  const { stdout } = await execa("ip", ["netns", "pids", namespace], { ...clean(), reject: false });
  const identities = await Promise.all(
    stdout
      .split("\n")
      .filter(Boolean)
      .map((pid) => identityOf(Number(pid))),
  );
  return identities.filter((identity) => identity !== undefined);
}

/** A command as seen from a namespace, with its private hosts file. */
export function inNamespace(namespace: string, command: readonly string[]): [string, ...string[]] {
  return ["ip", "netns", "exec", namespace, ...command];
}
