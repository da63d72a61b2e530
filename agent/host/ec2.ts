// The calls to EC2 for a node's network interface. Only the commands that need this file load it: the daemon never does.
import {
  CreateNetworkInterfaceCommand,
  DeleteNetworkInterfaceCommand,
  type NetworkInterface as Described,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
  paginateDescribeNetworkInterfaces,
} from "@aws-sdk/client-ec2";
import { optional } from "../optional.ts";
import type { AwsKeys } from "./aws.ts";
import { proxiedAgent } from "./proxy.ts";

export interface NetworkInterface {
  readonly id: string;
  readonly description: string;
  /** available, in-use, pending, … */
  readonly status: string;
  readonly privateIp: string;
  /** EC2's own name of the address; empty where the VPC assigns none. */
  readonly privateDnsName: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  readonly securityGroupIds: readonly string[];
  /** What it is attached to; undefined when it is not attached. */
  readonly attachedTo: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly availabilityZone: string;
  readonly freeAddresses: number;
}

export interface SecurityGroup {
  readonly id: string;
  readonly vpcId: string;
}

/** A security group as a user knows it. */
export interface NamedGroup {
  readonly id: string;
  readonly name: string;
}

export interface NetworkInterfaceRequest {
  readonly subnetId: string;
  readonly securityGroupIds: readonly string[];
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Every call throws the SDK's own errors, whose `name` is AWS's error code. */
export interface Ec2 {
  /** Undefined when there is none. */
  findSubnet(id: string): Promise<Subnet | undefined>;
  /** Those of a VPC. */
  listSubnets(vpcId: string): Promise<readonly Subnet[]>;
  /** Those of a VPC. */
  listSecurityGroups(vpcId: string): Promise<readonly NamedGroup[]>;
  /** Those of them that exist. */
  findSecurityGroups(ids: readonly string[]): Promise<readonly SecurityGroup[]>;
  /** Those that have all of these tags; an undefined value stands for any. */
  listNetworkInterfaces(tags: Readonly<Record<string, string | undefined>>): Promise<readonly NetworkInterface[]>;
  /** Undefined when there is none. */
  findNetworkInterface(id: string): Promise<NetworkInterface | undefined>;
  createNetworkInterface(request: NetworkInterfaceRequest): Promise<NetworkInterface>;
  deleteNetworkInterface(id: string): Promise<void>;
}

/** Time limits of one attempt, in milliseconds. */
const TIMEOUTS = { connectionTimeout: 5000, requestTimeout: 15_000 };

/** Creates the handle on EC2 of a region, with these keys, or with those of AWS's default chain and its profile. */
export function createEc2(region: string, { keys, profile }: { keys?: AwsKeys; profile?: string | undefined }): Ec2 {
  const ec2 = new EC2Client({
    region,
    maxAttempts: 3,
    requestHandler: { ...TIMEOUTS, httpsAgent: proxiedAgent() },
    ...optional({ profile }),
    ...(keys === undefined ? {} : { credentials: reveal(keys) }),
  });
  return {
    findSubnet: async (id) => (await describeSubnets(ec2, ["subnet-id", [id]]))[0],
    listSubnets: (vpcId) => describeSubnets(ec2, ["vpc-id", [vpcId]]),
    async listSecurityGroups(vpcId) {
      const answer = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: [toAws(["vpc-id", [vpcId]])] }));
      return (answer.SecurityGroups ?? []).map(({ GroupId = "", GroupName = "" }) => ({
        id: GroupId,
        name: GroupName,
      }));
    },
    async findSecurityGroups(ids) {
      const answer = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: [toAws(["group-id", ids])] }));
      return (answer.SecurityGroups ?? []).map(({ GroupId = "", VpcId = "" }) => ({ id: GroupId, vpcId: VpcId }));
    },
    listNetworkInterfaces: (tags) => describeInterfaces(ec2, Object.entries(tags).map(toTagFilter)),
    findNetworkInterface: async (id) => (await describeInterfaces(ec2, [["network-interface-id", [id]]]))[0],
    createNetworkInterface: (request) => createInterface(ec2, request),
    async deleteNetworkInterface(id) {
      await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
    },
  };
}

/** Subnets, security groups and interfaces are found by filters and not by ids: a missing one is then an empty answer, not an error. */
type Filter = readonly [name: string, values: readonly string[]];

function toAws([name, values]: Filter) {
  return { Name: name, Values: [...values] };
}

function toTagFilter([key, value]: readonly [string, string | undefined]): Filter {
  return value === undefined ? ["tag-key", [key]] : [`tag:${key}`, [value]];
}

async function describeSubnets(ec2: EC2Client, filter: Filter): Promise<readonly Subnet[]> {
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters: [toAws(filter)] }));
  return Subnets.map(({ SubnetId = "", VpcId = "", AvailabilityZone = "", AvailableIpAddressCount = 0 }) => ({
    id: SubnetId,
    vpcId: VpcId,
    availabilityZone: AvailabilityZone,
    freeAddresses: AvailableIpAddressCount,
  }));
}

async function describeInterfaces(ec2: EC2Client, filters: readonly Filter[]): Promise<readonly NetworkInterface[]> {
  const found: NetworkInterface[] = [];
  for await (const page of paginateDescribeNetworkInterfaces({ client: ec2 }, { Filters: filters.map(toAws) }))
    found.push(...(page.NetworkInterfaces ?? []).map(toNetworkInterface));
  return found;
}

async function createInterface(
  ec2: EC2Client,
  { subnetId, securityGroupIds, description, tags }: NetworkInterfaceRequest,
): Promise<NetworkInterface> {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  // The SDK creates a ClientToken for each call: a fixed one of ours would return an interface that was deleted since.
  const { NetworkInterface: created = {} } = await ec2.send(
    new CreateNetworkInterfaceCommand({
      SubnetId: subnetId,
      Groups: [...securityGroupIds],
      Description: description,
      TagSpecifications: [{ ResourceType: "network-interface", Tags }],
    }),
  );
  return toNetworkInterface(created);
}

function reveal({ accessKeyId, secretAccessKey, sessionToken }: AwsKeys) {
  return {
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
  };
}

function toNetworkInterface(described: Described): NetworkInterface {
  const { Attachment, Groups = [], TagSet = [] } = described;
  return {
    id: described.NetworkInterfaceId ?? "",
    description: described.Description ?? "",
    status: described.Status ?? "",
    privateIp: described.PrivateIpAddress ?? "",
    privateDnsName: described.PrivateDnsName ?? "",
    vpcId: described.VpcId ?? "",
    subnetId: described.SubnetId ?? "",
    availabilityZone: described.AvailabilityZone ?? "",
    securityGroupIds: Groups.map(({ GroupId = "" }) => GroupId),
    attachedTo:
      Attachment === undefined || Attachment.Status === "detached"
        ? undefined
        : (Attachment.InstanceId ?? Attachment.InstanceOwnerId ?? "something"),
    tags: Object.fromEntries(TagSet.map(({ Key = "", Value = "" }) => [Key, Value])),
  };
}
