// Moves the traffic to the other interface at once: a round of convergence may have a minute's work before it comes to the tunnel.
import type { Host } from "../../host/host.ts";
import type { TunnelResource } from "../../plan/tunnel/resources.ts";
import { requireTool } from "./tool.ts";

type Link = Pick<TunnelResource, "interface" | "address" | "routes">;

/**
 * Replaces each route of the other interface by one of this one; a packet finds one of both at any time. One program does it: where a
 * processor is slow, each further one would be a quarter of a second more of a failover. The interfaces' own routes, those to their
 * gateways, stay. @param carrying the interface that has the routes in the plan @throws tools-missing, tunnel-not-set
 */
export async function moveRoutes(host: Host, carrying: Link, to: Link): Promise<void> {
  const shared = carrying.routes.slice(1);
  const lines = shared.map((destination) => `route replace ${destination} dev ${to.interface} src ${to.address}\n`);
  // One that is refused keeps none of the others back.
  if (lines.length > 0) await requireTool(host, "ip", ["-4", "-force", "-batch", "-"], lines.join(""));
}
