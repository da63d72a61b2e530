// Namespaces, links and addresses of the sandbox's networks: each made unless it is there.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type Addresses, type Place, type PointToPoint, renderHosts } from "./addresses.ts";
import { clean } from "./environment.ts";
import { writeAtomic } from "./state.ts";

/** One end of a link. */
export type LinkEnd = readonly [namespace: string, name: string];

export function ip(args: readonly string[]) {
  return execa("ip", args, clean());
}

/** Runs a command in a network namespace. @throws Error with its output when it fails */
export function execIn(namespace: string, command: readonly string[], input?: string) {
  return execa("ip", ["netns", "exec", namespace, ...command], {
    ...clean(),
    ...(input === undefined ? {} : { input }),
  });
}

/** The network namespaces that exist. */
export async function namespaces(): Promise<readonly string[]> {
  const { stdout } = await ip(["netns", "list"]);
  return stdout.split("\n").flatMap((line) => line.split(" ")[0] || []);
}

export async function ensureNamespace(name: string): Promise<void> {
  if (!(await namespaces()).includes(name)) await ip(["netns", "add", name]);
  await ip(["-n", name, "link", "set", "lo", "up"]);
}

/** Makes the private hosts file that `ip netns exec` binds over /etc/hosts, for its command alone. */
export async function writeHosts(namespace: string, addresses: Addresses, clusterId: string, place: Place = "outside") {
  const folder = join("/etc/netns", namespace);
  await mkdir(folder, { recursive: true });
  const hostname = (await readFile("/proc/sys/kernel/hostname", "utf8")).trim();
  await writeAtomic(join(folder, "hosts"), renderHosts(addresses, clusterId, hostname, place));
}

export async function hasLink([namespace, name]: LinkEnd): Promise<boolean> {
  return !(await execa("ip", ["-n", namespace, "link", "show", name], { ...clean(), reject: false })).failed;
}

/** Joins two namespaces by a veth, unless the second has its end. */
export async function ensureLink(one: LinkEnd, other: LinkEnd): Promise<void> {
  if (await hasLink(other)) return;
  const [namespace, name] = one;
  await ip(["link", "add", name, "netns", namespace, "type", "veth", "peer", "name", other[1], "netns", other[0]]);
}

/** Joins the host and a namespace by a veth with the addresses of `link`'s host end. */
export async function ensureHostLink(link: PointToPoint, namespace: string, name: string): Promise<void> {
  if (!(await hasLink([namespace, name]))) {
    await removeHostLink(link);
    await ip(["link", "add", link.hostInterface, "type", "veth", "peer", "name", name, "netns", namespace]);
  }
  const mtu = String(await wayOutMtu());
  await ip(["address", "replace", `${link.host}/${link.prefixLength}`, "dev", link.hostInterface]);
  await ip(["link", "set", link.hostInterface, "mtu", mtu, "up"]);
  await ip(["-n", namespace, "link", "set", name, "mtu", mtu]);
}

export async function removeHostLink({ hostInterface }: PointToPoint): Promise<void> {
  await execa("ip", ["link", "delete", hostInterface], { ...clean(), reject: false });
}

export async function setAddress(namespace: string, link: string, address: string, prefixLength: number) {
  await ip(["-n", namespace, "address", "replace", `${address}/${prefixLength}`, "dev", link]);
  await ip(["-n", namespace, "link", "set", link, "up"]);
}

/** Adds a rule of `ip rule`, and never twice. */
export async function ensureRule(namespace: string, rule: readonly string[]): Promise<void> {
  await ip(["-n", namespace, "rule", "delete", ...rule]).catch(() => undefined); // there is none yet
  await ip(["-n", namespace, "rule", "add", ...rule]);
}

/** Sets kernel parameters below /proc/sys/net as one namespace sees them. */
export async function setParameters(namespace: string, values: Readonly<Record<string, string>>): Promise<void> {
  const script = Object.entries(values).map(([name, value]) => `echo ${value} > /proc/sys/net/${name}`);
  await execIn(namespace, ["/bin/sh", "-ec", script.join("\n")]);
}

/** The MTU of the host's own way out: larger packets of the machine would be dropped there. */
async function wayOutMtu(): Promise<number> {
  const [route] = JSON.parse((await ip(["-json", "route", "show", "default"])).stdout);
  if (!route) return 1500;
  const [link] = JSON.parse((await ip(["-json", "link", "show", route.dev])).stdout);
  return link.mtu;
}

/** Lets packets of a link leave under the host's address, and pass where the host forwards nothing by default. */
export async function allowForwarding(link: PointToPoint): Promise<void> {
  await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
  for (const { table, match } of forwardingRules(link)) {
    const found = await execa("iptables", [...table, "--check", ...match], { ...clean(), reject: false });
    if (found.failed) await execa("iptables", [...table, "--insert", ...match], clean());
  }
}

export async function forbidForwarding(link: PointToPoint): Promise<void> {
  for (const { table, match } of forwardingRules(link))
    await execa("iptables", [...table, "--delete", ...match], { ...clean(), reject: false });
}

function forwardingRules({ hostInterface, host, prefixLength }: PointToPoint) {
  const comment = ["--match", "comment", "--comment", hostInterface];
  const masquerade = ["POSTROUTING", "--source", `${host}/${prefixLength}`, ...comment, "--jump", "MASQUERADE"];
  return [
    { table: ["--table", "nat"], match: masquerade },
    { table: [], match: ["FORWARD", "--in-interface", hostInterface, ...comment, "--jump", "ACCEPT"] },
    { table: [], match: ["FORWARD", "--out-interface", hostInterface, ...comment, "--jump", "ACCEPT"] },
  ];
}
