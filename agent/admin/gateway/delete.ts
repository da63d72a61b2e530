// Plans to remove a gateway: what has its tags, what leads to it, and what it added to the cluster, in the reverse order of its making.
import { SatelliteError } from "../../errors.ts";
import { readNetworkMap } from "../../tunnel/entries.ts";
import type { Change, ChangePlan } from "../change.ts";
import { GATEWAY_TAG } from "../eni.ts";

import { planRemoval } from "./plan/remote-networks.ts";
import { removeIdentity } from "./plan/remove-identity.ts";
import { removeKubernetes } from "./plan/remove-kubernetes.ts";
import {
  removeAddresses,
  removeGroups,
  removeInstances,
  removeInterfaces,
  removeRoutes,
  removeRules,
} from "./plan/remove-pieces.ts";
import type { Reading } from "./read.ts";

/** @throws nodes-have-addresses unless forced */
export function planDeletion(reading: Reading, { isForced }: { isForced: boolean }): ChangePlan {
  const { context, cluster, vpc, gateway, networks, added, kubernetes, others } = reading;
  const nodes = [...readNetworkMap(kubernetes.network?.data ?? {}).nodes.keys()];
  if (nodes.length > 0 && !isForced) throw inUse(reading, nodes);
  const ownRules = vpc.clusterRules.filter(({ tags }) => tags[GATEWAY_TAG] === context.names.gateway);
  const changes: readonly Change[] = [
    ...planRemoval(context, cluster.remoteNetworks, added),
    ...removeRules(context, ownRules),
    ...removeRoutes(context, vpc.routeTables, { interfaces: gateway.interfaces, networks }),
    ...removeInstances(context, gateway.instances),
    ...removeAddresses(context, gateway.addresses),
    ...removeInterfaces(context, gateway.interfaces),
    ...removeGroups(context, gateway.groups),
    ...removeIdentity(context, reading.identity),
    ...(others.length > 0 ? [] : removeKubernetes(context.access.askKubernetes, kubernetes)),
  ];
  const lost = nodes.length === 0 ? [] : [`these nodes lose their addresses: ${nodes.join(", ")}`];
  return { changes, notes: lost };
}

function inUse({ context: { names } }: Reading, nodes: readonly string[]): SatelliteError {
  const listed = nodes.length > 5 ? `${nodes.slice(0, 5).join(", ")} and ${nodes.length - 5} more` : nodes.join(", ");
  return new SatelliteError(
    "nodes-have-addresses",
    `nodes of cluster ${names.cluster} have addresses in the tunnel: ${listed}`,
    {
      hint: "kubectl logs, exec and Services of these nodes end with the gateway. Revoke them first (eks-satellite revoke … --node-name NODE --tunnel), or give --force.",
    },
  );
}
