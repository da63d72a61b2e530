// A tunnel as it is on the machine: `ip -json` and `wg show dump`, and a file of /proc.
import * as z from "zod";
import type { Host } from "../../host/host.ts";
import { renderPeer, renderRoute, renderUnreachable, type TunnelPeer } from "../../plan/tunnel/resources.ts";
import { TUNNEL_INTERFACE } from "../../tunnel/names.ts";
import { parseWireguardDump } from "../../tunnel/wireguard-config.ts";
import { refused, requireTool, runTool } from "./tool.ts";
import { readUnreachable } from "./unreachable.ts";

export interface TunnelState {
  /** Undefined when there is no such interface. */
  readonly link:
    | {
        readonly mtu: number;
        readonly isUp: boolean;
        readonly rpFilter: string;
        /** Of IPv4, with its length. */
        readonly addresses: readonly string[];
      }
    | undefined;
  /** On `lo`, under the agent's label. */
  readonly addresses: readonly string[];
  /** Undefined while the interface has no key, or is none of WireGuard's. */
  readonly publicKey: string | undefined;
  readonly peers: readonly TunnelPeer[];
  readonly routes: readonly { readonly destination: string; readonly source: string | undefined }[];
  /** Networks of the agent's that lead nowhere. */
  readonly unreachable: readonly string[];
}

/** Under this label the agent's addresses on `lo` are known again: ip-address(8). Both interfaces have one address. */
export const ADDRESS_LABEL = `lo:${TUNNEL_INTERFACE}`;

/** Reads it all. @throws tools-missing, tunnel-not-set */
export async function readTunnelState(host: Host, name: string): Promise<TunnelState> {
  const { link, addresses } = await readLinks(host, name);
  if (link === undefined) return { link, addresses, publicKey: undefined, peers: [], routes: [], unreachable: [] };
  const [wireguard, routes, unreachable] = await Promise.all([
    readKeys(host, name),
    readRoutes(host, name),
    readUnreachable(host),
  ]);
  return { link, addresses, ...wireguard, routes, unreachable };
}

/** Renders it in the words of the plan; undefined when there is nothing. */
export function renderState(name: string, state: TunnelState): string | undefined {
  const { link, addresses, publicKey, peers, routes, unreachable } = state;
  const lines = [
    ...(link === undefined
      ? []
      : [
          `interface ${name}, ${link.isUp ? "up" : "down"}, MTU ${link.mtu}`,
          `reverse path filter: ${link.rpFilter === "2" ? "loose" : link.rpFilter}`,
          `public key ${publicKey ?? "(none)"}`,
        ]),
    ...addresses.map((address) => `address ${address} on lo`),
    ...(link?.addresses ?? []).map((address) => `address ${address} on ${name}`),
    ...peers.map(renderPeer).toSorted(),
    ...routes.map(({ destination, source }) => renderRoute(destination, source)).toSorted(),
    ...unreachable.map(renderUnreachable).toSorted(),
  ];
  return lines.length === 0 ? undefined : lines.map((line) => `${line}\n`).join("");
}

export function rpFilterPath(name: string): string {
  return `/proc/sys/net/ipv4/conf/${name}/rp_filter`;
}

const linksSchema = z.array(
  z.object({
    ifname: z.string(),
    mtu: z.number(),
    flags: z.array(z.string()),
    addr_info: z.array(z.object({ local: z.string().optional(), prefixlen: z.number(), label: z.string().optional() })),
  }),
);

/** One command for both. Files of /sys would show the interfaces of the namespace in which it was mounted. */
async function readLinks(host: Host, name: string): Promise<Pick<TunnelState, "link" | "addresses">> {
  const links = parse(linksSchema, await requireTool(host, "ip", ["-json", "address", "show"]));
  const [own, loopback] = [name, "lo"].map((wanted) => links.find(({ ifname }) => ifname === wanted));
  const addresses = (loopback?.addr_info ?? [])
    .filter(({ label, local }) => label === ADDRESS_LABEL && local !== undefined)
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  if (own === undefined) return { link: undefined, addresses };
  const rpFilter = ((await host.files.read(rpFilterPath(name))) ?? "").trim();
  const ownAddresses = own.addr_info.flatMap(({ local, prefixlen }) =>
    local === undefined || local.includes(":") ? [] : [`${local}/${prefixlen}`],
  );
  return { link: { mtu: own.mtu, isUp: own.flags.includes("UP"), rpFilter, addresses: ownAddresses }, addresses };
}

const routesSchema = z.array(z.object({ dst: z.string(), prefsrc: z.string().optional() }));

async function readRoutes(host: Host, name: string): Promise<TunnelState["routes"]> {
  const text = await requireTool(host, "ip", ["-json", "-4", "route", "show", "table", "main", "dev", name]);
  return parse(routesSchema, text).map(({ dst, prefsrc }) => ({
    // ip leaves out the length of a route to one address.
    destination: dst.includes("/") || dst === "default" ? dst : `${dst}/32`,
    source: prefsrc,
  }));
}

/** Before a route or an address is there, ip prints nothing, or an empty object. */
function parse<T>(schema: z.ZodType<readonly T[]>, text: string): readonly T[] {
  try {
    const document: unknown = JSON.parse(text.trim() || "[]");
    const items = Array.isArray(document) ? document.filter((item) => Object.keys(Object(item)).length > 0) : document;
    return schema.parse(items);
  } catch (cause) {
    throw refused("ip -json", 0, `what it printed is not understood (${(cause as Error).name})`);
  }
}

/** The private key in the dump is left behind. An interface that is none of WireGuard's has no key. */
async function readKeys(host: Host, name: string): Promise<Pick<TunnelState, "publicKey" | "peers">> {
  const { exitCode, stdout } = await runTool(host, "wg", ["show", name, "dump"]);
  const seen = exitCode === 0 ? parseWireguardDump(stdout) : undefined;
  if (seen === undefined) return { publicKey: undefined, peers: [] };
  const peers = [...seen.peers.values()].map(
    ({ publicKey, endpoint = "(none)", allowedIps, keepaliveSeconds = 0 }) => ({
      ...{ publicKey, endpoint, allowedIps, keepaliveSeconds },
    }),
  );
  return { publicKey: seen.publicKey, peers };
}
