// Routes that lead nowhere, for the networks of the node's own pods. The gateway sends these networks here; an address that no pod has would
// go back to it by the route to all pods, and here again, until the packet's time is up.
import * as z from "zod";
import type { Host } from "../../host/host.ts";
import { refused, requireTool } from "./tool.ts";

/** Under this number of a routing protocol (rtnetlink.h leaves it to users) the agent's routes are known again. */
const PROTOCOL = "137";
/** The last choice: a route of a CNI plugin for the same network comes before it. */
const METRIC = "4294967294";

const routesSchema = z.array(z.object({ dst: z.string(), protocol: z.string().optional() }));

/** The networks that are unreachable by the agent's routes. @throws tools-missing, tunnel-not-set */
export async function readUnreachable(host: Host): Promise<readonly string[]> {
  const args = ["-json", "-4", "route", "show", "table", "main", "type", "unreachable"];
  const text = await requireTool(host, "ip", args);
  try {
    const routes = routesSchema.parse(JSON.parse(text.trim() || "[]"));
    return routes
      .filter(({ protocol }) => protocol === PROTOCOL)
      .map(({ dst }) => (dst.includes("/") ? dst : `${dst}/32`));
  } catch (cause) {
    throw refused(`ip ${args.join(" ")}`, 0, `what it printed is not understood (${(cause as Error).name})`);
  }
}

/** Makes these networks unreachable, and no others. @throws tools-missing, tunnel-not-set */
export async function setUnreachable(host: Host, networks: readonly string[]): Promise<void> {
  const present = await readUnreachable(host);
  const route = (verb: string, network: string) =>
    requireTool(host, "ip", ["-4", "route", verb, "unreachable", network, "proto", PROTOCOL, "metric", METRIC]);
  for (const network of networks) if (!present.includes(network)) await route("replace", network);
  for (const network of present) if (!networks.includes(network)) await route("delete", network);
}
