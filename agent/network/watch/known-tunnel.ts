// The tunnel as it is known without the daemon: of the configuration, or of what the daemon has kept of the cluster's word.
import type { Config } from "../../config/schema.ts";
import type { Host } from "../../host/host.ts";
import { TUNNEL_INTERFACES } from "../../tunnel/names.ts";
import { readCarrier } from "../carrier/carrier.ts";
import { addressOf } from "../endpoints.ts";
import { readSavedEntry, type SavedEntry } from "../saved-entry.ts";
import { entryOfConfig, type TunnelEntry } from "../tunnel-entry.ts";
import type { WatchedTunnel } from "./watched-tunnel.ts";

/** `unknown`: the cluster has not been asked yet. `gateway-missing`: the node has an entry, and nothing leads there. */
export type KnownTunnel = readonly [WatchedTunnel, ...WatchedTunnel[]] | "none" | "unknown" | "gateway-missing";

/** Reads what is known; the tunnel that carries the traffic comes first. */
export async function readKnownTunnel(host: Host, config: Config): Promise<KnownTunnel> {
  const { mode } = config.network.tunnel;
  if (mode === "off") return "none";
  const saved = mode === "auto" ? await readSavedEntry(host, config) : { entry: entryOfConfig(config), resolved: {} };
  if (saved === undefined) return "unknown";
  if (saved.entry === undefined) return "none";
  return toKnown(saved.entry, saved, { mode, carrier: await readCarrier(host, saved.entry) });
}

/** Names of a static tunnel's endpoints are not kept: the check does not need their addresses. */
function toKnown(
  { gateways, address, vpcCidrs }: TunnelEntry,
  { resolved }: Pick<SavedEntry, "resolved">,
  { mode, carrier }: { readonly mode: "auto" | "static"; readonly carrier: string | undefined },
): KnownTunnel {
  const tunnels = TUNNEL_INTERFACES.flatMap((name, index): readonly WatchedTunnel[] => {
    const gateway = gateways[index];
    const isReachable = gateway !== undefined && (mode === "static" || addressOf(gateway.endpoint, resolved));
    return isReachable ? [{ interface: name, address, gateway, vpcCidrs }] : [];
  });
  const first = tunnels.find(({ gateway }) => gateway.publicKey === carrier) ?? tunnels[0];
  return first === undefined ? "gateway-missing" : [first, ...tunnels.filter((tunnel) => tunnel !== first)];
}
