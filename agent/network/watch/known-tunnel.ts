// The tunnel as it is known without the daemon: of the configuration, or of what the daemon has kept of the cluster's word.
import type { Config } from "../../config/schema.ts";
import type { Host } from "../../host/host.ts";
import { TUNNEL_INTERFACE } from "../../tunnel/names.ts";
import type { WatchedTunnel } from "./watched-tunnel.ts";

/** `unknown`: the cluster has not been asked yet. */
export async function readKnownTunnel(_host: Host, { network }: Config): Promise<WatchedTunnel | "none" | "unknown"> {
  const { mode, address, gateways = [], vpcCidrs = [] } = network.tunnel;
  if (mode === "off") return "none";
  const [gateway] = gateways;
  if (mode === "auto" || address === undefined || gateway === undefined) return "unknown";
  return { interface: TUNNEL_INTERFACE, address, gateway, vpcCidrs };
}
