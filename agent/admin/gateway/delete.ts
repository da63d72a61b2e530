// Plans to remove a gateway: what has its tags, what leads to it, and what it added to the cluster, in the reverse order of its making.
import { SatelliteError } from "../../errors.ts";
import { readNetworkMap } from "../../tunnel/entries.ts";
import type { Change, ChangePlan } from "../change.ts";
import { GATEWAY_TAG } from "../eni.ts";
import { GATEWAY_MAP, planMapEdit } from "./network-map.ts";
import { planRemoval } from "./plan/remote-networks.ts";
import { removeIdentity } from "./plan/remove-identity.ts";
import { removeKubernetes } from "./plan/remove-kubernetes.ts";
import {
  giveRoutes,
  removeAddresses,
  removeGroups,
  removeInstances,
  removeInterfaces,
  removeRoutes,
  removeRules,
} from "./plan/remove-pieces.ts";
import { planIdentity } from "./plan/role.ts";
import type { Reading } from "./read.ts";

/** Both gateways, where one stands by. @throws nodes-have-addresses unless forced */
export function planDeletion(reading: Reading, { isForced }: { isForced: boolean }, standby?: Reading): ChangePlan {
  const { context, cluster, vpc, gateway, networks, added, kubernetes } = reading;
  const nodes = [...readNetworkMap(kubernetes.network?.data ?? {}).nodes.keys()];
  if (nodes.length > 0 && !isForced) throw inUse(reading, nodes);
  const both = standby === undefined ? [reading] : [standby, reading];
  const others = reading.others.filter((name) => name !== standby?.context.names.gateway);
  const interfaces = [...gateway.interfaces, ...(standby?.gateway.interfaces ?? [])];
  const changes: readonly Change[] = [
    ...planRemoval(context, cluster.remoteNetworks, added),
    ...both.flatMap((each) => removeRules(context, ownRules(each))),
    ...removeRoutes(context, vpc.routeTables, { interfaces, networks }),
    ...both.flatMap(removePieces),
    ...(others.length > 0 ? [] : removeKubernetes(context.access.askKubernetes, kubernetes)),
  ];
  const lost = nodes.length === 0 ? [] : [`these nodes lose their addresses: ${nodes.join(", ")}`];
  return { changes, notes: lost };
}

/** The one that stands by alone: its pieces, and whatever leads there goes to the other one. */
export function planStandbyDeletion(reading: Reading, primary: Reading): ChangePlan {
  const { context, gateway, kubernetes } = reading;
  const { names, access } = context;
  const [interfaceId] = primary.gateway.interfaces.map(({ id }) => id);
  const entry = planMapEdit({ ask: access.askKubernetes, clock: context.clock }, GATEWAY_MAP, {
    seen: kubernetes.gateways,
    edit: (data) => (names.gateway in data ? { [names.gateway]: null } : undefined),
  });
  const changes: readonly Change[] = [
    ...removeRules(context, ownRules(reading)),
    ...removeInstances(context, gateway.instances),
    ...giveRoutes(context, reading.vpc.routeTables, { from: gateway.interfaces, to: interfaceId }),
    ...removePieces({ ...reading, gateway: { ...gateway, instances: [] } }),
    ...planIdentity(primary.context, primary.identity, []),
    ...(entry === undefined ? [] : [entry]),
  ];
  return { changes, notes: [] };
}

function ownRules({ vpc, context }: Reading) {
  return vpc.clusterRules.filter(({ tags }) => tags[GATEWAY_TAG] === context.names.gateway);
}

function removePieces({ context, gateway, identity }: Reading): readonly Change[] {
  return [
    ...removeInstances(context, gateway.instances),
    ...removeAddresses(context, gateway.addresses),
    ...removeInterfaces(context, gateway.interfaces),
    ...removeGroups(context, gateway.groups),
    ...removeIdentity(context, identity),
  ];
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
