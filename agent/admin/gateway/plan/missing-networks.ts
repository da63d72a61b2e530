// Which networks of satellites a cluster does not know of yet.
import type { RemoteNetworks } from "../../../host/gateway-aws/types.ts";
import { isWithin, type TunnelNetworks } from "../networks.ts";

/** The networks that the cluster lacks; one that is within a present network is there. */
export function missingNetworks(present: RemoteNetworks, { nodes, pods }: TunnelNetworks): RemoteNetworks {
  const lacks = (cidr: string | undefined, list: readonly string[]) =>
    cidr === undefined || list.some((other) => isWithin(cidr, other)) ? [] : [cidr];
  return { nodes: lacks(nodes, present.nodes), pods: lacks(pods, present.pods) };
}
