// Which gateway carries the traffic: what the watch has chosen, and before its first choice what the machine's routes say.
import { readTunnelRoutes } from "../../facts/tunnel/surroundings.ts";
import type { WantedTunnel } from "../../facts/tunnel/tunnel-facts.ts";
import type { Host } from "../../host/host.ts";
import { TUNNEL_INTERFACES } from "../../tunnel/names.ts";

/** The choice, shared by the watch that makes it and the plan that follows it. */
export class Carrier {
  /** Name of the gateway, which stays when its key changes; undefined before the first choice. */
  gateway: string | undefined;
}

/** The name of the gateway to whose interface the VPC is routed now: a daemon that starts leaves the traffic where it is. */
export async function readCarrier(
  host: Pick<Host, "files">,
  { gateways, vpcCidrs }: Pick<WantedTunnel, "vpcCidrs"> & { readonly gateways: readonly { name: string }[] },
): Promise<string | undefined> {
  if (gateways.length < 2) return undefined;
  const name = await readCarryingInterface(host, vpcCidrs);
  return TUNNEL_INTERFACES.map((own, index) => (own === name ? gateways[index]?.name : undefined)).find(Boolean);
}

/** The interface that has the route to the VPC's first network. */
export async function readCarryingInterface(
  host: Pick<Host, "files">,
  [vpc]: readonly string[],
): Promise<string | undefined> {
  const routes = await readTunnelRoutes(host);
  return routes.find(({ destination }) => destination === vpc)?.interface;
}
