// Opens a cluster for the commands about gateways, and reads everything that they decide by.
import { SatelliteError } from "../../errors.ts";
import type { GatewayAws } from "../../host/gateway-aws/types.ts";
import type { Clock } from "../../host/host.ts";
import { readNetworkMap } from "../../tunnel/entries.ts";
import { accountOf } from "../account.ts";
import { type Administrator, type ClusterAccess, openCluster } from "../cluster-access.ts";
import { ADDED_TAG, type GatewayNames, namesOf, primaryName, standbyName } from "./names.ts";
import type { TunnelNetworks } from "./networks.ts";
import {
  type GatewayPicture,
  NO_GATEWAY,
  networksOf,
  readGateways,
  readVpcPicture,
  type VpcPicture,
} from "./picture.ts";
import type { GatewayContext } from "./plan/context.ts";
import { type KubernetesPicture, readKubernetes } from "./plan/kubernetes.ts";
import { type IdentityPicture, readIdentity } from "./plan/role.ts";
import type { GatewayCluster, Surroundings } from "./refusals.ts";

/** An administrator who also works on gateways. */
export interface GatewayAdmin extends Administrator {
  readonly gatewayAws: GatewayAws;
}

export interface Reading {
  readonly context: GatewayContext;
  readonly cluster: GatewayCluster;
  readonly vpc: VpcPicture;
  /** Of this gateway. */
  readonly gateway: GatewayPicture;
  /** Names of the cluster's other gateways. */
  readonly others: readonly string[];
  /** Whether there is a second gateway that stands by for this one, or for which this one does. */
  readonly isPaired: boolean;
  readonly identity: IdentityPicture;
  readonly kubernetes: KubernetesPicture;
  /** What the gateway was made for; undefined before there is one. */
  readonly networks: TunnelNetworks | undefined;
  /** Remote networks that were added to the cluster for it. */
  readonly added: readonly string[];
  readonly around: Surroundings;
}

/** The context alone. @throws as openCluster */
export async function openGateway(
  admin: GatewayAdmin,
  { cluster, region, name }: { cluster: string; region: string; name: string },
  stop?: AbortSignal,
): Promise<GatewayContext> {
  const access = await openCluster(admin, { name: cluster, region });
  const { ask } = accountOf(access.callerArn, region);
  const names: GatewayNames = namesOf(cluster, region, name);
  return {
    aws: admin.gatewayAws,
    adminAws: admin.adminAws,
    access,
    names,
    ask,
    clock: stoppable(admin.host.clock, stop),
  };
}

/** Waits for AWS end with the command. */
function stoppable(clock: Clock, stop: AbortSignal | undefined): Pick<Clock, "sleep"> {
  return { sleep: (milliseconds) => clock.sleep(milliseconds, stop) };
}

/** The same for the gateway that stands by for this one; undefined where there is nothing of it. */
export async function readPresentStandby(reading: Reading): Promise<Reading | undefined> {
  const isThere = reading.others.includes(standbyName(reading.context.names.gateway));
  return isThere ? readStandby(reading) : undefined;
}

/** What {@link readEverything} reads, of the gateway that stands by for this one. */
export function readStandby({ context }: Reading): Promise<Reading> {
  const { cluster, region, gateway } = context.names;
  return readEverything({ ...context, names: namesOf(cluster, region, standbyName(gateway)) });
}

/** @throws vpc-unknown, role-not-ours, aws-forbidden, api-forbidden, … */
export async function readEverything(context: GatewayContext): Promise<Reading> {
  const { aws, ask, access, names } = context;
  const cluster = toGatewayCluster(access);
  const { id: vpcId, securityGroupId } = vpcOf(access);
  const [vpc, gateways, identity] = await Promise.all([
    readVpcPicture(aws, ask, { vpcId, clusterGroupId: securityGroupId }),
    readGateways(aws, ask, access.name),
    readIdentity(context),
  ]);
  const kubernetes = await readKubernetes(access.askKubernetes);
  const gateway = gateways.get(names.gateway) ?? NO_GATEWAY;
  const partner = primaryName(names.gateway) ?? standbyName(names.gateway);
  const ownInterfaceIds = [...gateways.values()].flatMap(({ interfaces }) => interfaces.map(({ id }) => id));
  return {
    context,
    cluster,
    vpc,
    gateway,
    others: [...gateways.keys()].filter((name) => name !== names.gateway),
    isPaired: gateways.has(partner),
    identity,
    kubernetes,
    networks: networksOf(gateway) ?? networksIn(kubernetes),
    added: (gateway.groups[0]?.tags[ADDED_TAG] ?? "").split(" ").filter((cidr) => cidr !== ""),
    around: { cluster, vpc, ownInterfaceIds },
  };
}

/** Nodes have addresses of these networks, also when the gateway is gone. */
function networksIn({ network }: KubernetesPicture): TunnelNetworks | undefined {
  const entry = readNetworkMap(network?.data ?? {}).network;
  return entry === undefined ? undefined : { nodes: entry.nodes, pods: entry.pods };
}

/** The cluster's place in the account's network. @throws vpc-unknown */
export function vpcOf({ vpc, name, region }: ClusterAccess): NonNullable<ClusterAccess["vpc"]> {
  if (vpc !== undefined) return vpc;
  throw new SatelliteError("vpc-unknown", `DescribeCluster ${name} names no VPC`, {
    hint: `Compare with aws eks describe-cluster --region ${region} --name ${name} --query cluster.resourcesVpcConfig.`,
  });
}

function toGatewayCluster(access: ClusterAccess): GatewayCluster {
  const { name, region, mode, facts } = access;
  const { subnetIds, hasPublicEndpoint } = vpcOf(access);
  return {
    name,
    region,
    mode,
    ipFamily: facts.ipFamily,
    serviceCidr: facts.serviceCidr,
    hasPublicEndpoint,
    subnetIds,
    remoteNetworks: facts.remoteNetworks ?? { nodes: [], pods: [] },
  };
}
