// A VPC in memory, as EC2's Describe calls show it: subnets, route tables, security groups, and the pieces of gateways.
import type {
  ClusterUpdate,
  ElasticAddress,
  GatewayGroup,
  GatewayInstance,
  GatewayInterface,
  GatewayReads,
  GroupRule,
  InstanceProfile,
  InstanceRequest,
  RemoteNetworks,
  RouteTable,
  Tags,
} from "../../agent/host/gateway-aws/types.ts";

export const VPC = "vpc-0123456789abcdef0";
export const CLUSTER_GROUP = "sg-0123456789abcdef0";
export const PUBLIC_SUBNET = "subnet-0aaaaaaaaaaaaaaaa";
export const PRIVATE_SUBNET = "subnet-0bbbbbbbbbbbbbbbb";
export const MAIN_TABLE = "rtb-main";
export const PRIVATE_TABLE = "rtb-private";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class MemoryVpc implements GatewayReads {
  #next = 1;
  vpcs = [{ id: VPC, cidrs: ["10.0.0.0/16"] }];
  subnets = [
    { id: PUBLIC_SUBNET, vpcId: VPC, cidr: "10.0.1.0/24", availabilityZone: "us-west-2a", freeAddresses: 250 },
    { id: PRIVATE_SUBNET, vpcId: VPC, cidr: "10.0.2.0/24", availabilityZone: "us-west-2b", freeAddresses: 250 },
  ];
  tables: Mutable<RouteTable>[] = [
    {
      id: MAIN_TABLE,
      isMain: true,
      subnetIds: [],
      routes: [
        { destination: "10.0.0.0/16", target: "local", state: "active" },
        { destination: "0.0.0.0/0", target: "igw-1", state: "active" },
      ],
    },
    {
      id: PRIVATE_TABLE,
      isMain: false,
      subnetIds: [PRIVATE_SUBNET],
      routes: [
        { destination: "10.0.0.0/16", target: "local", state: "active" },
        { destination: "0.0.0.0/0", target: "nat-1", state: "active" },
      ],
    },
    { id: "rtb-unused", isMain: false, subnetIds: [], routes: [] },
  ];
  groups: GatewayGroup[] = [{ id: CLUSTER_GROUP, vpcId: VPC, tags: {} }];
  rules: GroupRule[] = [openEgress("sgr-default", CLUSTER_GROUP)];
  interfaces: Mutable<GatewayInterface>[] = [];
  addresses: Mutable<ElasticAddress>[] = [];
  instances: Mutable<GatewayInstance>[] = [];
  profiles: InstanceProfile[] = [];
  /** What DescribeCluster shows. */
  remoteNetworks: RemoteNetworks = { nodes: ["192.0.2.0/24"], pods: [] };
  readonly launches: InstanceRequest[] = [];
  /** Every call, as IAM names it. */
  readonly calls: string[] = [];
  /** What calls fail with, in turn; undefined lets one through. */
  readonly failures = new Map<string, (Error | undefined)[]>();
  /** Answers of DescribeUpdate, in turn; then Successful. */
  updates: ClusterUpdate[] = [];
  /** Changes after which nothing is answered any more. */
  changesLeft = Number.POSITIVE_INFINITY;
  onRemoteNetworks: (networks: RemoteNetworks) => void = () => undefined;
  onDeleteRolePolicy: (name: string) => void = () => undefined;
  onDeleteRole: (name: string) => void = () => undefined;

  async findVpc(wanted: string) {
    this.read("DescribeVpcs");
    return this.vpcs.find(({ id }) => id === wanted);
  }

  async listSubnets(vpcId: string) {
    this.read("DescribeSubnets");
    return this.subnets.filter((subnet) => subnet.vpcId === vpcId);
  }

  async listRouteTables() {
    this.read("DescribeRouteTables");
    const isDead = (target: string) =>
      target.startsWith("eni-") && this.interfaces.find(({ id }) => id === target)?.instanceId === undefined;
    return this.tables.map((table) => ({
      ...table,
      routes: table.routes.map((route) => ({
        ...route,
        state: isDead(route.target) ? ("blackhole" as const) : route.state,
      })),
    }));
  }

  async listGroups(tags: Tags) {
    this.read("DescribeSecurityGroups");
    return tagged(this.groups, tags);
  }

  async listRules(groupIds: readonly string[]) {
    this.read("DescribeSecurityGroupRules");
    return this.rules.filter(({ groupId }) => groupIds.includes(groupId));
  }

  async listInterfaces(tags: Tags) {
    this.read("DescribeNetworkInterfaces");
    return tagged(this.interfaces, tags);
  }

  async listAddresses(tags: Tags) {
    this.read("DescribeAddresses");
    return tagged(this.addresses, tags);
  }

  async listInstances(tags: Tags) {
    this.read("DescribeInstances");
    return tagged(this.instances, tags);
  }

  protected setRoutes(tableId: string, change: (routes: RouteTable["routes"]) => RouteTable["routes"]): void {
    for (const table of this.tables) if (table.id === tableId) table.routes = change(table.routes);
  }

  protected id(kind: string): string {
    return `${kind}-${String(this.#next++).padStart(17, "0")}`;
  }

  protected read(action: string): void {
    this.calls.push(action);
    const failure = this.failures.get(action)?.shift();
    if (failure !== undefined) throw failure;
  }

  protected change(action: string): void {
    this.read(action);
    if (this.changesLeft-- <= 0) throw new Error("the network is gone");
  }
}

function tagged<T extends { readonly tags: Tags }>(list: readonly T[], wanted: Tags): readonly T[] {
  const found = list.filter(({ tags }) => Object.entries(wanted).every(([key, value]) => tags[key] === value));
  return found.map((each) => ({ ...each }));
}

/** The rule that EC2 gives every new group. */
export function openEgress(id: string, groupId: string): GroupRule {
  const all = { protocol: "-1", fromPort: -1, toPort: -1, cidr: "0.0.0.0/0", peerGroupId: undefined };
  return { id, groupId, direction: "out", ...all, tags: {} };
}
