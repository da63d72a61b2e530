// What EC2 says of a gateway and of the VPC around it: Describe* calls alone, which a gateway's own role may make too.
import {
  type Address,
  DescribeAddressesCommand,
  type Route as DescribedRoute,
  type RouteTable as DescribedTable,
  DescribeVpcsCommand,
  type EC2Client,
  type Filter,
  type Instance,
  type NetworkInterface,
  paginateDescribeInstances,
  paginateDescribeNetworkInterfaces,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroupRules,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  type SecurityGroupRule,
  type Tag,
} from "@aws-sdk/client-ec2";
import type {
  ElasticAddress,
  GatewayInstance,
  GatewayInterface,
  GatewayReads,
  GroupRule,
  Route,
  RouteTable,
  Tags,
} from "./types.ts";

/** Creates the reading calls on a client. */
export function createReads(client: EC2Client): GatewayReads {
  return { ...createVpcReads(client), ...createOwnReads(client) };
}

type VpcReads = "findVpc" | "listSubnets" | "listRouteTables" | "listRules";

function createVpcReads(client: EC2Client): Pick<GatewayReads, VpcReads> {
  return {
    async findVpc(id) {
      const { Vpcs } = await client.send(new DescribeVpcsCommand({ Filters: [filter("vpc-id", id)] }));
      const [found] = Vpcs ?? [];
      if (found === undefined) return undefined;
      const associated = (found.CidrBlockAssociationSet ?? []).filter(
        ({ CidrBlockState }) => CidrBlockState?.State === "associated",
      );
      const cidrs = [found.CidrBlock, ...associated.map(({ CidrBlock }) => CidrBlock)];
      return { id, cidrs: [...new Set(cidrs.filter((cidr) => cidr !== undefined))] };
    },
    async listSubnets(vpcId) {
      const found = await all(paginateDescribeSubnets({ client }, { Filters: [filter("vpc-id", vpcId)] }));
      return found
        .flatMap(({ Subnets = [] }) => Subnets)
        .map(({ SubnetId = "", CidrBlock = "", AvailabilityZone = "", AvailableIpAddressCount = 0 }) => ({
          id: SubnetId,
          vpcId,
          cidr: CidrBlock,
          availabilityZone: AvailabilityZone,
          freeAddresses: AvailableIpAddressCount,
        }));
    },
    async listRouteTables(vpcId) {
      const found = await all(paginateDescribeRouteTables({ client }, { Filters: [filter("vpc-id", vpcId)] }));
      return found.flatMap(({ RouteTables = [] }) => RouteTables).map(toRouteTable);
    },
    async listRules(groupIds) {
      if (groupIds.length === 0) return [];
      const Filters = [{ Name: "group-id", Values: [...groupIds] }];
      const found = await all(paginateDescribeSecurityGroupRules({ client }, { Filters }));
      return found.flatMap(({ SecurityGroupRules = [] }) => SecurityGroupRules).map(toRule);
    },
  };
}

type OwnReads = "listGroups" | "listInterfaces" | "listAddresses" | "listInstances";

function createOwnReads(client: EC2Client): Pick<GatewayReads, OwnReads> {
  return {
    async listGroups(tags) {
      const found = await all(paginateDescribeSecurityGroups({ client }, { Filters: tagFilters(tags) }));
      return found
        .flatMap(({ SecurityGroups = [] }) => SecurityGroups)
        .map(({ GroupId = "", VpcId = "", Tags: own }) => ({ id: GroupId, vpcId: VpcId, tags: toTags(own) }));
    },
    async listInterfaces(tags) {
      const found = await all(paginateDescribeNetworkInterfaces({ client }, { Filters: tagFilters(tags) }));
      return found.flatMap(({ NetworkInterfaces = [] }) => NetworkInterfaces).map(toGatewayInterface);
    },
    async listAddresses(tags) {
      const { Addresses = [] } = await client.send(new DescribeAddressesCommand({ Filters: tagFilters(tags) }));
      return Addresses.map(toElasticAddress);
    },
    async listInstances(tags) {
      const found = await all(paginateDescribeInstances({ client }, { Filters: tagFilters(tags) }));
      return found
        .flatMap(({ Reservations = [] }) => Reservations)
        .flatMap(({ Instances = [] }) => Instances)
        .map(toGatewayInstance)
        .filter(({ state }) => state !== "terminated");
    },
  };
}

async function all<T>(pages: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const page of pages) found.push(page);
  return found;
}

function filter(name: string, value: string): Filter {
  return { Name: name, Values: [value] };
}

function tagFilters(tags: Tags): Filter[] {
  return Object.entries(tags).map(([key, value]) => filter(`tag:${key}`, value));
}

function toTags(tags: readonly Tag[] | undefined): Tags {
  return Object.fromEntries((tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));
}

function toRouteTable({ RouteTableId = "", Associations = [], Routes = [] }: DescribedTable): RouteTable {
  return {
    id: RouteTableId,
    isMain: Associations.some(({ Main }) => Main === true),
    subnetIds: Associations.map(({ SubnetId }) => SubnetId).filter((id) => id !== undefined),
    routes: Routes.map(toRoute),
  };
}

function toRoute(route: DescribedRoute): Route {
  const { NetworkInterfaceId, InstanceId, GatewayId, NatGatewayId, TransitGatewayId, VpcPeeringConnectionId } = route;
  const target =
    NetworkInterfaceId ?? InstanceId ?? GatewayId ?? NatGatewayId ?? TransitGatewayId ?? VpcPeeringConnectionId;
  return {
    destination: route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? route.DestinationPrefixListId ?? "",
    target:
      target ?? route.LocalGatewayId ?? route.CarrierGatewayId ?? route.EgressOnlyInternetGatewayId ?? "something else",
    state: route.State === "blackhole" ? "blackhole" : "active",
  };
}

function toRule(rule: SecurityGroupRule): GroupRule {
  return {
    id: rule.SecurityGroupRuleId ?? "",
    groupId: rule.GroupId ?? "",
    direction: rule.IsEgress === true ? "out" : "in",
    protocol: rule.IpProtocol ?? "-1",
    fromPort: rule.FromPort ?? -1,
    toPort: rule.ToPort ?? -1,
    cidr: rule.CidrIpv4,
    peerGroupId: rule.ReferencedGroupInfo?.GroupId,
    tags: toTags(rule.Tags),
  };
}

/** An interface as EC2 describes it. */
export function toGatewayInterface(described: NetworkInterface): GatewayInterface {
  const { Attachment } = described;
  return {
    id: described.NetworkInterfaceId ?? "",
    subnetId: described.SubnetId ?? "",
    vpcId: described.VpcId ?? "",
    address: described.PrivateIpAddress ?? "",
    groupIds: (described.Groups ?? []).map(({ GroupId = "" }) => GroupId),
    sourceDestCheck: described.SourceDestCheck !== false,
    instanceId: Attachment?.Status === "detached" ? undefined : Attachment?.InstanceId,
    tags: toTags(described.TagSet),
  };
}

/** An Elastic IP as EC2 describes it. */
export function toElasticAddress(described: Address): ElasticAddress {
  return {
    allocationId: described.AllocationId ?? "",
    publicIp: described.PublicIp ?? "",
    associationId: described.AssociationId || undefined,
    interfaceId: described.NetworkInterfaceId || undefined,
    tags: toTags(described.Tags),
  };
}

/** An instance as EC2 describes it. */
export function toGatewayInstance(described: Instance): GatewayInstance {
  return {
    id: described.InstanceId ?? "",
    state: described.State?.Name ?? "pending",
    type: described.InstanceType ?? "",
    tags: toTags(described.Tags),
  };
}
