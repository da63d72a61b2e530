// Two network namespaces joined by a veth (control plane and machine), and a veth from the host into each.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type Addresses, type PointToPoint, renderHosts } from "./addresses.ts";
import { clean } from "./environment.ts";

import { endProcess, identityOf, type ProcessIdentity } from "./process.ts";
import { writeAtomic } from "./state.ts";

/** The control plane's end of its link with the machine; the machine's end is eth0. */
const machineLink = "machine";

/** Brings the network to its full shape, whatever part of it is there. */
export async function ensureNetwork(addresses: Addresses, clusterId: string): Promise<void> {
  const { controlNamespace: control, machineNamespace: machine, uplink, access } = addresses;
  await ensureNamespace(control);
  await ensureNamespace(machine);
  await writeControlHosts(addresses, clusterId);
  await ensureLink([control, machineLink], [machine, "eth0"]);
  await setAddress(control, machineLink, addresses.control, addresses.prefixLength);
  await setAddress(control, "lo", addresses.api, 32);
  await setAddress(control, "lo", addresses.aws, 32);

  await ensureHostLink(access, control, "host");
  await setAddress(control, "host", access.inside, access.prefixLength);
  await ensureHostLink(uplink, machine, "uplink");
  for (const address of [addresses.api, addresses.aws]) await ip(["route", "replace", address, "via", access.inside]);
  await ip(["route", "replace", addresses.node, "via", uplink.inside]);
  await allowForwarding(uplink);
}

/** Gives a container in the machine's namespace the addresses of its two links, and its way out. */
export async function addressContainer({ machineNamespace, node, prefixLength, uplink }: Addresses): Promise<void> {
  await setAddress(machineNamespace, "eth0", node, prefixLength);
  await setAddress(machineNamespace, "uplink", uplink.inside, uplink.prefixLength);
  await ip(["-n", machineNamespace, "route", "replace", "default", "via", uplink.host]);
}

/** Takes everything away that {@link ensureNetwork} made, and ends what still runs in the control plane's namespace. */
export async function removeNetwork(addresses: Addresses): Promise<void> {
  for (const rule of forwardingRules(addresses.uplink)) {
    await execa("iptables", [...rule.table, "--delete", ...rule.match], { ...clean(), reject: false });
  }
  // A namespace's own links go some time after it: the next sandbox in this slot would find an end without its other.
  for (const link of [addresses.access, addresses.uplink]) await removeHostLink(link);
  for (const namespace of [addresses.controlNamespace, addresses.machineNamespace]) {
    for (const identity of await processesIn(namespace)) await endProcess(identity, 1000);
    await execa("ip", ["netns", "delete", namespace], { ...clean(), reject: false });
    await rm(join("/etc/netns", namespace), { recursive: true, force: true });
  }
}

/** Whether packets pass between the machine and the control plane; what the machine has beyond stays as it is. */
export async function setMachineLink(addresses: Addresses, state: "up" | "down"): Promise<void> {
  await ip(["-n", addresses.controlNamespace, "link", "set", machineLink, state]);
}

/** How connections end: refused at once, swallowed, or answered. */
export type Reach = "open" | "refuse" | "hang";

/** Sets how connections to AWS end; those to the API server are answered. */
export function setAwsReachability(addresses: Addresses, reach: Reach): Promise<void> {
  return setReachability(addresses, addresses.aws, reach);
}

/** Sets how the machine's connections to the API server end; those to AWS, and those of the cluster itself, are answered. */
export function setApiReachability(addresses: Addresses, reach: Reach): Promise<void> {
  return setReachability(addresses, addresses.api, reach, ["--in-interface", machineLink]);
}

async function setReachability(
  { controlNamespace }: Addresses,
  address: string,
  reach: Reach,
  match: readonly string[] = [],
): Promise<void> {
  const iptables = (...args: string[]) =>
    execa("ip", ["netns", "exec", controlNamespace, "iptables", ...args], clean());
  await iptables("--flush", "INPUT");
  if (reach === "open") return;
  const target = reach === "hang" ? ["DROP"] : ["REJECT", "--reject-with", "tcp-reset"];
  await iptables("--append", "INPUT", "--protocol", "tcp", ...match, "--destination", address, "--jump", ...target);
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

async function ensureNamespace(name: string): Promise<void> {
  const { stdout } = await ip(["netns", "list"]);
  if (!stdout.split("\n").some((line) => line.split(" ")[0] === name)) await ip(["netns", "add", name]);
  await ip(["-n", name, "link", "set", "lo", "up"]);
}

/** `ip netns exec` binds this file over /etc/hosts, for its command alone. */
async function writeControlHosts(addresses: Addresses, clusterId: string): Promise<void> {
  const folder = join("/etc/netns", addresses.controlNamespace);
  await mkdir(folder, { recursive: true });
  const hostname = (await readFile("/proc/sys/kernel/hostname", "utf8")).trim();
  await writeAtomic(join(folder, "hosts"), renderHosts(addresses, clusterId, hostname));
}

async function ensureLink(one: [namespace: string, name: string], other: [namespace: string, name: string]) {
  const found = await execa("ip", ["-n", other[0], "link", "show", other[1]], { ...clean(), reject: false });
  if (!found.failed) return;
  const [namespace, name] = one;
  await ip(["link", "add", name, "netns", namespace, "type", "veth", "peer", "name", other[1], "netns", other[0]]);
}

async function ensureHostLink(link: PointToPoint, namespace: string, name: string): Promise<void> {
  const found = await execa("ip", ["-n", namespace, "link", "show", name], { ...clean(), reject: false });
  if (found.failed) {
    await removeHostLink(link);
    await ip(["link", "add", link.hostInterface, "type", "veth", "peer", "name", name, "netns", namespace]);
  }
  const mtu = String(await wayOutMtu());
  await ip(["address", "replace", `${link.host}/${link.prefixLength}`, "dev", link.hostInterface]);
  await ip(["link", "set", link.hostInterface, "mtu", mtu, "up"]);
  await ip(["-n", namespace, "link", "set", name, "mtu", mtu]);
}

async function removeHostLink({ hostInterface }: PointToPoint): Promise<void> {
  await execa("ip", ["link", "delete", hostInterface], { ...clean(), reject: false });
}

async function setAddress(namespace: string, link: string, address: string, prefixLength: number): Promise<void> {
  await ip(["-n", namespace, "address", "replace", `${address}/${prefixLength}`, "dev", link]);
  await ip(["-n", namespace, "link", "set", link, "up"]);
}

/** The MTU of the host's own way out: larger packets of the machine would be dropped there. */
async function wayOutMtu(): Promise<number> {
  const [route] = JSON.parse((await ip(["-json", "route", "show", "default"])).stdout);
  if (!route) return 1500;
  const [link] = JSON.parse((await ip(["-json", "link", "show", route.dev])).stdout);
  return link.mtu;
}

async function allowForwarding(uplink: PointToPoint): Promise<void> {
  await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
  for (const { table, match } of forwardingRules(uplink)) {
    const found = await execa("iptables", [...table, "--check", ...match], { ...clean(), reject: false });
    if (found.failed) await execa("iptables", [...table, "--insert", ...match], clean());
  }
}

/** The machine's packets leave under the host's address, and pass where the host forwards nothing by default. */
function forwardingRules({ hostInterface, host, prefixLength }: PointToPoint) {
  const comment = ["--match", "comment", "--comment", hostInterface];
  const masquerade = ["POSTROUTING", "--source", `${host}/${prefixLength}`, ...comment, "--jump", "MASQUERADE"];
  return [
    { table: ["--table", "nat"], match: masquerade },
    { table: [], match: ["FORWARD", "--in-interface", hostInterface, ...comment, "--jump", "ACCEPT"] },
    { table: [], match: ["FORWARD", "--out-interface", hostInterface, ...comment, "--jump", "ACCEPT"] },
  ];
}

function ip(args: readonly string[]) {
  return execa("ip", args, clean());
}

/** A command as seen from a namespace, with its private hosts file. */
export function inNamespace(namespace: string, command: readonly string[]): [string, ...string[]] {
  return ["ip", "netns", "exec", namespace, ...command];
}
