// The way out of this machine, as `ip -json route` shows it. /proc/net/route lacks IPv6, preferred sources and the state of a link.
import * as z from "zod";
import { parseJson } from "../foreign-text.ts";
import type { Host, NetworkAddress } from "../host/host.ts";

export interface DefaultRoute {
  readonly interface: string;
  /** The address that the kernel uses for packets on it, where the route names one. */
  readonly source: string | undefined;
}

const TIMEOUT_SECONDS = 5;

const hopSchema = z.object({ dev: z.string().optional(), flags: z.array(z.string()).optional() });
/** ip-route(8); a route of type unreachable or blackhole has no interface. */
const routesSchema = z.array(
  hopSchema.extend({
    type: z.string().optional(),
    metric: z.number().optional(),
    prefsrc: z.string().optional(),
    nexthops: z.array(hopSchema).optional(),
  }),
);

/** The default route of each family; undefined while there is none that leads anywhere. */
export interface DefaultRoutes {
  readonly ipv4: DefaultRoute | undefined;
  readonly ipv6: DefaultRoute | undefined;
}

/** Reads the default routes, round after round. */
export interface DefaultRouteReader {
  /** @param addresses the machine's own: a route's preferred source changes with them */
  read(addresses: readonly NetworkAddress[]): Promise<DefaultRoutes>;
}

/** What the kernel's tables do not show, such as another preferred source, is found after this long. */
const ASK_AGAIN_MS = 5 * 60_000;

/** Creates a reader that runs ip(8) again only when the kernel's default routes, a link under them or an address has changed: it is two processes. */
export function createDefaultRouteReader(host: Host): DefaultRouteReader {
  let known: { readonly signature: string; readonly untilMs: number; readonly routes: DefaultRoutes } | undefined;
  return {
    async read(addresses) {
      const kernel = await readKernelTables(host);
      const signature = JSON.stringify([kernel, addresses]);
      const nowMs = host.clock.monotonic();
      if (known?.signature === signature && nowMs < known.untilMs) return known.routes;
      const [ipv4, ipv6] = await Promise.all([askIp(host, "-4"), askIp(host, "-6")]);
      // Without an answer of ip's the kernel's table says nearly the same of IPv4.
      const routes = { ipv4: ipv4 === undefined ? parseKernelRoutes(kernel.ipv4) : ipv4[0], ipv6: ipv6?.[0] };
      const isWhole = ipv4 !== undefined && ipv6 !== undefined;
      known = isWhole ? { signature, untilMs: nowMs + ASK_AGAIN_MS, routes } : undefined;
      return routes;
    },
  };
}

/** The usable routes, the best first. Undefined where there is no iproute2, or no process can be started. */
async function askIp(host: Host, version: "-4" | "-6"): Promise<readonly DefaultRoute[] | undefined> {
  const answer = await host
    .run("ip", ["-json", version, "route", "show", "default"], { timeoutSeconds: TIMEOUT_SECONDS })
    .catch(() => undefined);
  return answer?.exitCode === 0 ? parseRoutes(answer.stdout) : undefined;
}

/** The routes that lead anywhere, the best first. Undefined where the text is none of ip's. */
function parseRoutes(text: string): readonly DefaultRoute[] | undefined {
  const parsed = routesSchema.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const usable = parsed.data.flatMap(({ metric = 0, prefsrc: source, nexthops = [], type: _, ...route }) => {
    const hop = [route, ...nexthops].find(({ dev, flags = [] }) => dev !== undefined && !flags.some(isDown));
    return hop?.dev === undefined ? [] : [{ metric, route: { interface: hop.dev, source } }];
  });
  return usable.toSorted((one, other) => one.metric - other.metric).map(({ route }) => route);
}

function isDown(flag: string): boolean {
  return flag === "dead" || flag === "linkdown";
}

/** More default routes than this are not watched for their links. */
const MAX_LINKS = 8;

interface KernelTables {
  /** Lines of /proc/net/route whose destination is the default one. */
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  /** operstate of the links that these lines name: a route whose link is down leads nowhere. */
  readonly links: readonly string[];
}

/** proc(5). Of /proc/net/ipv6_route the columns that count references and uses are left out. */
async function readKernelTables({ files }: Pick<Host, "files">): Promise<KernelTables> {
  const [table4 = "", table6 = ""] = await Promise.all([
    files.read("/proc/net/route"),
    files.read("/proc/net/ipv6_route"),
  ]);
  const ipv4 = table4.split("\n").filter((line) => line.split("\t")[1] === "00000000");
  const ipv6 = table6
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([destination, length]) => destination === "0".repeat(32) && length === "00")
    .map((columns) => columns.toSpliced(6, 2).join(" "));
  const names = new Set([...ipv4.map((line) => line.split("\t")[0]), ...ipv6.map((line) => line.split(" ").at(-1))]);
  const links = [...names].filter((name) => name !== undefined && name !== "lo" && name !== "*").slice(0, MAX_LINKS);
  const states = links.map(async (name) => `${name} ${await files.read(`/sys/class/net/${name}/operstate`)}`);
  return { ipv4, ipv6, links: await Promise.all(states) };
}

/** Columns Iface, Destination, Gateway, Flags, …, Metric. A route with RTF_REJECT leads nowhere. */
function parseKernelRoutes(lines: readonly string[]): DefaultRoute | undefined {
  const routes = lines
    .map((line) => line.split("\t"))
    .filter(([, , , flags]) => (Number.parseInt(flags ?? "", 16) & REJECT) === 0)
    .map(([name = "", , , , , , metric]) => ({ name, metric: Number(metric) }));
  const [best] = routes.toSorted((one, other) => one.metric - other.metric);
  return best === undefined ? undefined : { interface: best.name, source: undefined };
}

/** RTF_REJECT of linux/route.h. */
const REJECT = 0x0200;
