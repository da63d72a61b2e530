// Plans a gateway: every piece that is missing, in the order in which one needs the other. What is there already is no change.
import { isDeepStrictEqual } from "node:util";
import { SatelliteError } from "../../errors.ts";
import type { VpcSubnet } from "../../host/gateway-aws/types.ts";
import type { NetworkEntry } from "../../tunnel/entries.ts";
import type { Change, ChangePlan } from "../change.ts";
import { namesOf, standbyName } from "./names.ts";
import type { TunnelNetworks } from "./networks.ts";
import { planClusterGroup, planGroup } from "./plan/group.ts";
import { type InstanceSpec, packageOf, planInstance } from "./plan/instance.ts";
import { planAddress, planInterface } from "./plan/interface.ts";
import { planKubernetes } from "./plan/kubernetes.ts";
import { planRemoteNetworks } from "./plan/remote-networks.ts";
import { planIdentity } from "./plan/role.ts";
import { planRoutes, servingTableArns, servingTables } from "./plan/routes.ts";
import { type Reading, vpcOf } from "./read.ts";
import { checkCluster, checkNetworks, chooseNetworks, chooseSubnet } from "./refusals.ts";
import { type Allowance, earlierAllowances } from "./rules.ts";
import { planStandby, standbySubnet } from "./standby.ts";
import { renderGatewayTerraform } from "./terraform.ts";

export interface GatewaySpec extends InstanceSpec {
  readonly subnetId: string | undefined;
  readonly nodes: string | undefined;
  readonly pods: string | undefined;
  readonly allowsPrivateEndpoint: boolean;
  /** Whether a second gateway is to stand by. */
  readonly hasStandby: boolean;
}

export interface GatewayPlan extends ChangePlan {
  readonly networks: TunnelNetworks;
}

/** @throws cluster-ipv6, authentication-mode, endpoint-private, network-…, subnet-…, gateway-exists, gateway-differs, package-missing, remote-networks-full, entry-differs */
export function planGateway(reading: Reading, given: GatewaySpec, standby?: Reading): GatewayPlan {
  const spec = withEarlierAllowances(reading, given);
  const { context, cluster, vpc, gateway, around } = reading;
  checkCluster(cluster, spec);
  checkOnly(reading);
  const networks = networksFor(reading, spec);
  const [present] = gateway.interfaces;
  const subnetId = present?.subnetId ?? chooseSubnet(spec.subnetId, around).id;
  checkSame(reading, spec);
  const { id: vpcId, securityGroupId } = vpcOf(context.access);
  const group = planGroup(
    context,
    { vpcId, vpcCidrs: vpc.vpc.cidrs, group: gateway.groups[0], rules: gateway.rules },
    { networks, allowances: spec.allowances },
  );
  const place = planInterface(context, present, { subnetId, groupId: group.id });
  const address = planAddress(context, gateway.addresses[0], place.id);
  const placement = { interfaceId: place.id, address: place.address, publicIp: address.publicIp };
  const changes: readonly Change[] = [
    ...planIdentity(context, reading.identity, tablesOf(reading, spec)),
    ...group.changes,
    ...place.changes,
    ...address.changes,
    ...planKubernetes(
      { ask: context.access.askKubernetes, clock: context.clock },
      reading.kubernetes,
      entryFor(reading, networks),
    ),
    ...planInstance(context, gateway.instances[0], spec, placement),
    ...planRoutes(context, vpc, { networks, interfaceId: place.id, gateways: around.ownInterfaceIds }),
    ...planClusterGroup(
      context,
      { groupId: securityGroupId, rules: vpc.clusterRules },
      { networks, subnetCidr: cidrOf(vpc.subnets, subnetId) },
    ),
    ...(standby === undefined ? [] : planStandby(standby, spec, { networks, subnetId })),
    ...planRemoteNetworks(context, cluster.remoteNetworks, { networks, groupId: group.id, added: reading.added }),
  ];
  return { changes, notes: notesOf(reading, given), networks };
}

/** Of two gateways each may replace the routes of these. */
function tablesOf({ context, vpc }: Reading, { hasStandby }: GatewaySpec): readonly string[] {
  return hasStandby ? servingTableArns(context.access, vpc) : [];
}

/** A new instance gets what earlier runs allowed, too. */
function withEarlierAllowances({ vpc, gateway }: Reading, spec: GatewaySpec): GatewaySpec {
  const earlier = earlierAllowances(vpc.vpc.cidrs, gateway.rules);
  return { ...spec, allowances: [...earlier, ...newAllowances(earlier, spec)] };
}

function newAllowances(earlier: readonly Allowance[], { allowances }: GatewaySpec): readonly Allowance[] {
  return allowances.filter((wanted) => !earlier.some((other) => isDeepStrictEqual(other, wanted)));
}

function cidrOf(subnets: readonly VpcSubnet[], id: string | undefined): string | undefined {
  return subnets.find((subnet) => subnet.id === id)?.cidr;
}

/** The whole gateway as Terraform, whatever of it there is. @throws as {@link planGateway}, gateway-exists */
export function printGateway(reading: Reading, spec: GatewaySpec): string {
  const { context, cluster, vpc, gateway, around } = reading;
  checkCluster(cluster, spec);
  checkOnly({ context, others: gateway.groups.length > 0 ? [context.names.gateway] : reading.others });
  const networks = networksFor(reading, spec);
  const { id: vpcId, securityGroupId: clusterGroupId } = vpcOf(context.access);
  const subnet = chooseSubnet(spec.subnetId, around);
  const { cluster: name, region, gateway: primary } = context.names;
  const second = standbySubnet(subnet.id, around);
  return renderGatewayTerraform({
    names: context.names,
    tableArns: tablesOf(reading, spec),
    standby: spec.hasStandby
      ? { names: namesOf(name, region, standbyName(primary)), subnetId: second.id, subnetCidr: second.cidr }
      : undefined,
    clusterArn: context.access.arn,
    partition: context.access.partition,
    vpcId,
    subnetId: subnet.id,
    subnetCidr: subnet.cidr,
    clusterGroupId,
    tableIds: servingTables(vpc.routeTables, vpc.subnets).map(({ id }) => id),
    networks,
    entry: entryFor(reading, networks),
    spec: { ...spec, package: packageOf(spec) },
  });
}

/** The networks of the gateway that is there, of the cluster's entry, or the chosen ones. */
function networksFor(reading: Reading, { nodes, pods }: GatewaySpec): TunnelNetworks {
  const { around, networks: present } = reading;
  if (present === undefined) return chooseNetworks({ ...(nodes === undefined ? {} : { nodes }), pods }, around);
  const isOther = (given: string | undefined, has: string | undefined) => given !== undefined && given !== has;
  if (isOther(nodes, present.nodes) || isOther(pods, present.pods))
    throw differs(reading, `serves ${[present.nodes, present.pods].filter(Boolean).join(" and ")}`);
  checkNetworks(present, around);
  return present;
}

/** @throws gateway-exists: two gateways would take each other's routes */
function checkOnly(reading: Pick<Reading, "others" | "context">): void {
  const { cluster, region, gateway } = reading.context.names;
  const others = reading.others.filter((name) => name !== standbyName(gateway));
  if (others.length === 0) return;
  throw new SatelliteError("gateway-exists", `cluster ${cluster} has the gateway ${others.join(", ")} already`, {
    hint: `A cluster has one gateway, and one that stands by for it: --name ${others[0]} --standby. Complete it with --name ${others[0]}, or delete it first: eks-satellite gateway delete --cluster ${cluster} --region ${region} --name ${others[0]}.`,
  });
}

/** @throws gateway-differs */
function checkSame(reading: Reading, { subnetId, type }: GatewaySpec): void {
  const { interfaces, instances } = reading.gateway;
  const [present] = interfaces;
  if (subnetId !== undefined && present !== undefined && present.subnetId !== subnetId)
    throw differs(reading, `is in ${present.subnetId}`);
  const [instance] = instances;
  if (instance !== undefined && instance.type !== "" && instance.type !== type && type !== DEFAULT_TYPE)
    throw differs(reading, `runs on a ${instance.type}`);
}

export const DEFAULT_TYPE = "t4g.small";

function differs({ context: { names } }: Reading, what: string): SatelliteError {
  const { cluster, region, gateway } = names;
  return new SatelliteError("gateway-differs", `gateway ${gateway} of cluster ${cluster} exists and ${what}`, {
    hint: `Omit the option to keep it so; or delete the gateway first: eks-satellite gateway delete --cluster ${cluster} --region ${region} --name ${gateway}.`,
  });
}

function entryFor({ vpc, cluster }: Reading, { nodes, pods }: TunnelNetworks): NetworkEntry {
  return {
    nodes,
    ...(pods === undefined ? {} : { pods }),
    vpcCidrs: [...vpc.vpc.cidrs],
    serviceCidr: cluster.serviceCidr,
  };
}

function notesOf({ vpc, cluster, context, gateway }: Reading, spec: GatewaySpec): readonly string[] {
  const { allowsPrivateEndpoint } = spec;
  const [instance] = gateway.instances;
  const isNew = newAllowances(earlierAllowances(vpc.vpc.cidrs, gateway.rules), spec).length > 0;
  const lists = vpc.routeTables.flatMap(({ id, routes }) =>
    routes
      .filter(({ destination }) => destination.startsWith("pl-"))
      .map(({ destination }) => `${destination} in ${id}`),
  );
  return [
    "the instance, its public IPv4 address and the data that leaves AWS are billed from now on, and EKS bills each hybrid node by the vCPU-hour",
    ...(lists.length === 0 ? [] : [`not checked for overlap: the prefix lists ${lists.join(", ")}`]),
    ...(allowsPrivateEndpoint && !cluster.hasPublicEndpoint
      ? [
          "the API server is private: satellites need the static configuration of eks-satellite authorize --tunnel --print config, and are NotReady while the gateway is away",
        ]
      : []),
    ...(isNew && instance !== undefined
      ? [
          `instance ${instance.id} keeps the configuration that it was made with: add what is allowed to /etc/eks-satellite/gateway.yaml there, or terminate it and run this again`,
        ]
      : []),
    ...(context.access.notes ?? []),
  ];
}
