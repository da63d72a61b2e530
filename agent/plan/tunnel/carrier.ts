// Which interface leads to which gateway, and which of them carries the traffic.
import type { TunnelGateway, WantedTunnel } from "../../facts/tunnel/tunnel-facts.ts";
import { TUNNEL_INTERFACE, TUNNEL_INTERFACES } from "../../tunnel/names.ts";

/** A gateway whose endpoint is known. */
export type ReachableGateway = TunnelGateway & { readonly resolved: string };

export interface TunnelLink {
  readonly interface: string;
  /** Undefined while none can be a peer. */
  readonly gateway: ReachableGateway | undefined;
  readonly isCarrier: boolean;
}

/** The interfaces, that of the carrier first. A gateway keeps its interface while another one has no address. */
export function tunnelLinks({ gateways, carrier }: Pick<WantedTunnel, "gateways" | "carrier">): readonly TunnelLink[] {
  const reachable = TUNNEL_INTERFACES.flatMap((name, index) => {
    const gateway = gateways[index];
    return isReachable(gateway) ? [{ interface: name, gateway }] : [];
  });
  const first = reachable.find(({ gateway }) => gateway.name === carrier) ?? reachable[0];
  if (first === undefined) return [{ interface: TUNNEL_INTERFACE, gateway: undefined, isCarrier: true }];
  return [
    { ...first, isCarrier: true },
    ...reachable.filter((link) => link !== first).map((link) => ({ ...link, isCarrier: false })),
  ];
}

function isReachable(gateway: TunnelGateway | undefined): gateway is ReachableGateway {
  return gateway?.resolved !== undefined;
}
