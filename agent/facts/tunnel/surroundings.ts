// The machine's own IPv4 network, beside the tunnel: what a route of the tunnel could take away. It is read without starting a program.
import type { Host } from "../../host/host.ts";
import { TUNNEL_INTERFACES } from "../../tunnel/names.ts";
import { SYSTEMD_RESOLV_CONF } from "../resolver.ts";
import type { LocalRoute, Surroundings } from "./tunnel-facts.ts";

const ROUTES = "/proc/net/route";
const ROUTE_TRIE = "/proc/net/fib_trie";
const RESOLV_CONF = "/etc/resolv.conf";
/** kube-proxy's interface in IPVS mode has every Service's address on it: they are the tunnel's Services, and no conflict. */
const SERVICE_INTERFACE = "kube-ipvs0";
/** A machine with more routes is a router of the internet. */
const MAX_ROUTES = 10_000;
const MAX_NAME_SERVERS = 16;
/** RTF_GATEWAY and RTF_REJECT of linux/route.h. */
const GATEWAY = 0x0002;
const REJECT = 0x0200;

/** While the routes stay the same the rest is read this often: a round costs one file. */
const READ_EVERY_MS = 5 * 60_000;

/** Remembers what was read, for a reader that asks each round. */
export class KeptSurroundings {
  #kept: { readonly table: string; readonly atMs: number; readonly surroundings: Surroundings } | undefined;

  async read(host: Host): Promise<Surroundings> {
    const table = (await host.files.read(ROUTES)) ?? "";
    const nowMs = host.clock.monotonic();
    if (this.#kept?.table === table && nowMs - this.#kept.atMs < READ_EVERY_MS) return this.#kept.surroundings;
    const surroundings = await readSurroundings(host, table);
    this.#kept = { table, atMs: nowMs, surroundings };
    return surroundings;
  }
}

/** Reads routes, addresses, the default gateway and the name servers. @param routes the kernel's table, where it has been read */
export async function readSurroundings(host: Host, routes?: string): Promise<Surroundings> {
  const [table, own, resolved, { addresses }] = await Promise.all([
    routes ?? host.files.read(ROUTES),
    host.files.read(RESOLV_CONF),
    host.files.read(SYSTEMD_RESOLV_CONF),
    host.systemInformation(),
  ]);
  return {
    ...parseRoutes(table ?? ""),
    addresses: addresses.filter(({ family, interface: name }) => family === "IPv4" && !isOwn(name)),
    nameServers: [...new Set([...listNameServers(own ?? ""), ...listNameServers(resolved ?? "")])].slice(
      0,
      MAX_NAME_SERVERS,
    ),
  };
}

/**
 * Whether the machine has the address, on any interface: kubelet does not start with another one. A leaf of the trie is the address, then a
 * line for each of its routes; both are indented by their depth (net/ipv4/fib_trie.c).
 */
export async function hasLocalAddress(host: Pick<Host, "files">, address: string): Promise<boolean> {
  const [, ...leaves] = ((await host.files.read(ROUTE_TRIE)) ?? "").split("|-- ");
  return leaves.some((leaf) => leaf.startsWith(`${address}\n`) && leaf.includes("/32 host LOCAL"));
}

/** proc(5), /proc/net/route: Iface, Destination, Gateway, Flags, RefCnt, Use, Metric, Mask, …; numbers in the machine's byte order. */
export function parseRoutes(table: string): Pick<Surroundings, "routes" | "defaultGateway"> {
  const rows = rowsOf(table).filter((row) => !isOwn(row.interface));
  const [best] = rows
    .filter(({ prefix, isVia }) => prefix === 0 && isVia)
    .toSorted((one, other) => one.metric - other.metric);
  return { routes: rows.filter(({ prefix }) => prefix !== 0).map(toRoute), defaultGateway: best?.gateway };
}

/** The routes into the tunnel's own interfaces. */
export async function readTunnelRoutes(host: Pick<Host, "files">): Promise<readonly LocalRoute[]> {
  const rows = rowsOf((await host.files.read(ROUTES)) ?? "");
  return rows.filter((row) => TUNNEL_INTERFACES.some((own) => own === row.interface)).map(toRoute);
}

interface Row {
  readonly interface: string;
  readonly destination: string;
  readonly prefix: number;
  readonly gateway: string;
  readonly isVia: boolean;
  readonly metric: number;
}

function rowsOf(table: string): readonly Row[] {
  return table
    .split("\n")
    .slice(1, MAX_ROUTES)
    .flatMap((line) => {
      const [name = "", destination = "", gateway = "", flags = "", , , metric, mask = ""] = line.trim().split(/\s+/);
      const bits = Number.parseInt(flags, 16);
      if (!/^[0-9A-F]{8}$/i.test(destination) || (bits & REJECT) !== 0) return [];
      const where = { destination: toAddress(destination), prefix: prefixOf(mask), gateway: toAddress(gateway) };
      return [{ interface: name, ...where, isVia: (bits & GATEWAY) !== 0, metric: Number(metric) }];
    });
}

function toRoute({ interface: name, destination, prefix }: Row): LocalRoute {
  return { destination: `${destination}/${prefix}`, interface: name };
}

function isOwn(name: string): boolean {
  return TUNNEL_INTERFACES.some((own) => own === name) || name === SERVICE_INTERFACE;
}

/** x86_64 and arm64 are little-endian: the last two digits are the address's first byte. */
function toAddress(hex: string): string {
  return Array.from(hex.matchAll(/../g), ([byte]) => Number.parseInt(byte, 16))
    .toReversed()
    .join(".");
}

function prefixOf(mask: string): number {
  return Number.parseInt(mask, 16).toString(2).replaceAll("0", "").length;
}

/** The IPv4 addresses of resolv.conf(5), without loopback. */
function listNameServers(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/, 2))
    .flatMap(([keyword, address = ""]) => (keyword === "nameserver" && /^[\d.]+$/.test(address) ? [address] : []))
    .filter((address) => !address.startsWith("127."));
}
