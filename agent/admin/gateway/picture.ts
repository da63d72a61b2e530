// What there is of a gateway and around it in EC2, read in one go: everything that create, check, list and delete decide by.
import type {
  ElasticAddress,
  GatewayGroup,
  GatewayInstance,
  GatewayInterface,
  GatewayReads,
  GroupRule,
  RouteTable,
  Tags,
  Vpc,
  VpcSubnet,
} from "../../host/gateway-aws/types.ts";
import { GATEWAY_TAG } from "../eni.ts";
import { clusterTags, NETWORKS_TAG } from "./names.ts";
import type { TunnelNetworks } from "./networks.ts";

export interface VpcPicture {
  readonly vpc: Vpc;
  readonly subnets: readonly VpcSubnet[];
  readonly routeTables: readonly RouteTable[];
  /** Rules of the cluster's own security group. */
  readonly clusterRules: readonly GroupRule[];
}

/** The resources of one gateway; each list has one member, or none when that piece is missing. */
export interface GatewayPicture {
  readonly groups: readonly GatewayGroup[];
  readonly rules: readonly GroupRule[];
  readonly interfaces: readonly GatewayInterface[];
  readonly addresses: readonly ElasticAddress[];
  readonly instances: readonly GatewayInstance[];
}

/** Makes a call to EC2, and explains what fails; see Account. */
export type AskEc2 = <T>(action: string, resource: string, call: () => Promise<T>) => Promise<T>;

/** @param ask explains a refusal @throws vpc-not-found is not thrown: an unknown VPC has no networks */
export async function readVpcPicture(
  aws: GatewayReads,
  ask: AskEc2,
  { vpcId, clusterGroupId }: { vpcId: string; clusterGroupId: string },
): Promise<VpcPicture> {
  const [vpc, subnets, routeTables, clusterRules] = await Promise.all([
    ask("ec2:DescribeVpcs", "*", () => aws.findVpc(vpcId)),
    ask("ec2:DescribeSubnets", "*", () => aws.listSubnets(vpcId)),
    ask("ec2:DescribeRouteTables", "*", () => aws.listRouteTables(vpcId)),
    ask("ec2:DescribeSecurityGroupRules", "*", () => aws.listRules([clusterGroupId].filter((id) => id !== ""))),
  ]);
  return { vpc: vpc ?? { id: vpcId, cidrs: [] }, subnets, routeTables, clusterRules };
}

/** The resources of every gateway of a cluster, by the gateway's name. */
export async function readGateways(
  aws: GatewayReads,
  ask: AskEc2,
  cluster: string,
): Promise<ReadonlyMap<string, GatewayPicture>> {
  const tags = clusterTags(cluster);
  const [groups, interfaces, addresses, instances] = await Promise.all([
    ask("ec2:DescribeSecurityGroups", "*", () => aws.listGroups(tags)),
    ask("ec2:DescribeNetworkInterfaces", "*", () => aws.listInterfaces(tags)),
    ask("ec2:DescribeAddresses", "*", () => aws.listAddresses(tags)),
    ask("ec2:DescribeInstances", "*", () => aws.listInstances(tags)),
  ]);
  const named = [groups, interfaces, addresses, instances].flat().map(({ tags: own }) => own[GATEWAY_TAG]);
  const names = [...new Set(named.filter((name) => name !== undefined))].toSorted();
  const groupIds = groups.filter(({ tags: own }) => GATEWAY_TAG in own).map(({ id }) => id);
  const rules = await ask("ec2:DescribeSecurityGroupRules", "*", () => aws.listRules(groupIds));
  return new Map(names.map((name) => [name, pictureOf(name, { groups, rules, interfaces, addresses, instances })]));
}

export const NO_GATEWAY: GatewayPicture = { groups: [], rules: [], interfaces: [], addresses: [], instances: [] };

function pictureOf(name: string, all: GatewayPicture): GatewayPicture {
  const own = <T extends { readonly tags: Tags }>(list: readonly T[]) =>
    list.filter(({ tags }) => tags[GATEWAY_TAG] === name);
  const groups = own(all.groups);
  return {
    groups,
    rules: all.rules.filter(({ groupId }) => groups.some(({ id }) => id === groupId)),
    interfaces: own(all.interfaces),
    addresses: own(all.addresses),
    instances: own(all.instances).filter(({ state }) => state !== "shutting-down"),
  };
}

/** The tag of the security group that {@link networksOf} reads. */
export function networksTag({ nodes, pods }: TunnelNetworks): Tags {
  return { [NETWORKS_TAG]: pods === undefined ? nodes : `${nodes} ${pods}` };
}

/** The networks that a gateway was made for, from its security group's tag; undefined before it exists. */
export function networksOf({ groups: [group] }: GatewayPicture): TunnelNetworks | undefined {
  const [nodes, pods] = (group?.tags[NETWORKS_TAG] ?? "").split(" ");
  return nodes === undefined || nodes === "" ? undefined : { nodes, pods };
}
