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

/** Reads the default route with the lowest metric that leads anywhere; undefined while there is none. */
export async function readDefaultRoute(
  host: Host,
  family: NetworkAddress["family"],
): Promise<DefaultRoute | undefined> {
  const version = family === "IPv4" ? "-4" : "-6";
  const answer = await host
    .run("ip", ["-json", version, "route", "show", "default"], { timeoutSeconds: TIMEOUT_SECONDS })
    .catch(() => undefined); // There may be no iproute2, or no process can be started: the kernel's table says nearly the same.
  const routes = answer?.exitCode === 0 ? parseRoutes(answer.stdout) : undefined;
  if (routes !== undefined) return routes[0];
  return family === "IPv4" ? readKernelRoute(host) : undefined;
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

/** proc(5), /proc/net/route: columns Iface, Destination, Gateway, Flags, …, Metric. A route with RTF_REJECT leads nowhere. */
async function readKernelRoute(host: Host): Promise<DefaultRoute | undefined> {
  const table = (await host.files.read("/proc/net/route")) ?? "";
  const routes = table
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .filter(
      ([, destination, , flags]) => destination === "00000000" && (Number.parseInt(flags ?? "", 16) & REJECT) === 0,
    )
    .map(([name = "", , , , , , metric]) => ({ name, metric: Number(metric) }));
  const [best] = routes.toSorted((one, other) => one.metric - other.metric);
  return best === undefined ? undefined : { interface: best.name, source: undefined };
}

/** RTF_REJECT of linux/route.h. */
const REJECT = 0x0200;
