// The tunnel as it is known without the daemon: of the configuration, or of what the daemon has kept of the cluster's word.
import type { Config } from "../../config/schema.ts";
import type { Host } from "../../host/host.ts";
import { TUNNEL_INTERFACE } from "../../tunnel/names.ts";
import { addressOf } from "../endpoints.ts";
import { readSavedEntry, type SavedEntry } from "../saved-entry.ts";
import { entryOfConfig } from "../tunnel-entry.ts";
import type { WatchedTunnel } from "./watched-tunnel.ts";

/** `unknown`: the cluster has not been asked yet. `gateway-missing`: the node has an entry, and nothing leads there. */
export type KnownTunnel = WatchedTunnel | "none" | "unknown" | "gateway-missing";

/** Reads what is known. */
export async function readKnownTunnel(host: Host, config: Config): Promise<KnownTunnel> {
  const { mode } = config.network.tunnel;
  if (mode === "off") return "none";
  const saved = mode === "auto" ? await readSavedEntry(host, config) : { entry: entryOfConfig(config), resolved: {} };
  return saved === undefined ? "unknown" : toKnown(saved, mode === "static");
}

/** Names of a static tunnel's endpoints are not kept: the check does not need their addresses. */
function toKnown({ entry, resolved }: SavedEntry, isStatic: boolean): KnownTunnel {
  if (entry === undefined) return "none";
  const gateway = entry.gateways.find(({ endpoint }) => isStatic || addressOf(endpoint, resolved) !== undefined);
  if (gateway === undefined) return "gateway-missing";
  return { interface: TUNNEL_INTERFACE, address: entry.address, gateway, vpcCidrs: entry.vpcCidrs };
}
