// What EC2, IAM and EKS say of a gateway and of the VPC around it, without the SDK's shapes.

/** By key. */
export type Tags = Readonly<Record<string, string>>;

export interface Vpc {
  readonly id: string;
  /** IPv4 networks that are associated with it. */
  readonly cidrs: readonly string[];
}

export interface VpcSubnet {
  readonly id: string;
  readonly vpcId: string;
  readonly cidr: string;
  readonly availabilityZone: string;
  readonly freeAddresses: number;
}

export interface Route {
  /** An IPv4 or IPv6 network, or the id of a prefix list. */
  readonly destination: string;
  /** Where it leads: an id such as eni-… or igw-…, or `local`. */
  readonly target: string;
  /** A blackhole leads to something that is deleted, detached or stopped. */
  readonly state: "active" | "blackhole";
}

export interface RouteTable {
  readonly id: string;
  /** Serves every subnet that has no table of its own. */
  readonly isMain: boolean;
  readonly subnetIds: readonly string[];
  readonly routes: readonly Route[];
}

/** A rule of a security group, for one network. */
export interface GroupRule {
  readonly id: string;
  readonly groupId: string;
  readonly direction: "in" | "out";
  /** tcp, udp, or -1 for all protocols. */
  readonly protocol: string;
  /** -1: all. */
  readonly fromPort: number;
  readonly toPort: number;
  /** IPv4; undefined for a rule of another kind of peer. */
  readonly cidr: string | undefined;
  /** A security group as the peer. */
  readonly peerGroupId: string | undefined;
  readonly tags: Tags;
}

export type RuleRequest = Pick<GroupRule, "direction" | "protocol" | "fromPort" | "toPort"> & {
  readonly cidr: string;
  readonly description: string;
  readonly tags: Tags;
};

export interface GatewayGroup {
  readonly id: string;
  readonly vpcId: string;
  readonly tags: Tags;
}

export interface GatewayInterface {
  readonly id: string;
  readonly subnetId: string;
  readonly vpcId: string;
  /** In the VPC. */
  readonly address: string;
  readonly groupIds: readonly string[];
  /** EC2 drops packets of other addresses while it is on. */
  readonly sourceDestCheck: boolean;
  readonly instanceId: string | undefined;
  readonly tags: Tags;
}

export interface ElasticAddress {
  readonly allocationId: string;
  readonly publicIp: string;
  readonly associationId: string | undefined;
  readonly interfaceId: string | undefined;
  readonly tags: Tags;
}

export interface GatewayInstance {
  readonly id: string;
  /** pending, running, stopping, stopped, shutting-down; never terminated. */
  readonly state: string;
  readonly type: string;
  readonly tags: Tags;
}

export interface InstanceRequest {
  readonly type: string;
  /** An AMI's id, or `resolve:ssm:PARAMETER`. */
  readonly image: string;
  readonly interfaceId: string;
  readonly profile: string;
  /** Plain text. */
  readonly userData: string;
  readonly tags: Tags;
}

export interface InterfaceRequest {
  readonly subnetId: string;
  readonly groupIds: readonly string[];
  readonly description: string;
  readonly tags: Tags;
}

/** An update of a cluster. */
export interface ClusterUpdate {
  readonly id: string;
  /** InProgress, Failed, Cancelled, Successful. */
  readonly status: string;
  readonly errors: readonly string[];
}

export interface RemoteNetworks {
  readonly nodes: readonly string[];
  readonly pods: readonly string[];
}

/** An instance profile of IAM. */
export interface InstanceProfile {
  readonly name: string;
  readonly roles: readonly string[];
  readonly tags: Tags;
}

/** What an administrator and a gateway may ask EC2. A filter by tags finds what has all of them. */
export interface GatewayReads {
  findVpc(id: string): Promise<Vpc | undefined>;
  listSubnets(vpcId: string): Promise<readonly VpcSubnet[]>;
  listRouteTables(vpcId: string): Promise<readonly RouteTable[]>;
  listGroups(tags: Tags): Promise<readonly GatewayGroup[]>;
  /** Rules of these groups. */
  listRules(groupIds: readonly string[]): Promise<readonly GroupRule[]>;
  listInterfaces(tags: Tags): Promise<readonly GatewayInterface[]>;
  listAddresses(tags: Tags): Promise<readonly ElasticAddress[]>;
  /** Those that are not terminated. */
  listInstances(tags: Tags): Promise<readonly GatewayInstance[]>;
}

/** What an administrator changes. Every call throws the SDK's own errors, whose `name` is AWS's error code. */
export interface GatewayChanges {
  createGroup(request: { name: string; description: string; vpcId: string; tags: Tags }): Promise<string>;
  deleteGroup(id: string): Promise<void>;
  tag(id: string, tags: Tags): Promise<void>;
  allow(groupId: string, rules: readonly RuleRequest[]): Promise<void>;
  revoke(rules: readonly Pick<GroupRule, "id" | "groupId" | "direction">[]): Promise<void>;
  createInterface(request: InterfaceRequest): Promise<GatewayInterface>;
  setSourceDestCheck(interfaceId: string, isOn: boolean): Promise<void>;
  deleteInterface(id: string): Promise<void>;
  allocateAddress(tags: Tags): Promise<ElasticAddress>;
  associateAddress(allocationId: string, interfaceId: string): Promise<void>;
  disassociateAddress(associationId: string): Promise<void>;
  releaseAddress(allocationId: string): Promise<void>;
  runInstance(request: InstanceRequest): Promise<GatewayInstance>;
  startInstance(id: string): Promise<void>;
  terminateInstance(id: string): Promise<void>;
  createRoute(tableId: string, destination: string, interfaceId: string): Promise<void>;
  replaceRoute(tableId: string, destination: string, interfaceId: string): Promise<void>;
  deleteRoute(tableId: string, destination: string): Promise<void>;
  /** Undefined when there is none. */
  findProfile(name: string): Promise<InstanceProfile | undefined>;
  createProfile(name: string, tags: Tags): Promise<void>;
  addRoleToProfile(profile: string, role: string): Promise<void>;
  removeRoleFromProfile(profile: string, role: string): Promise<void>;
  deleteProfile(name: string): Promise<void>;
  deleteRolePolicy(role: string, policy: string): Promise<void>;
  deleteRole(name: string): Promise<void>;
  /** Sets all remote networks of a cluster. */
  setRemoteNetworks(cluster: string, networks: RemoteNetworks): Promise<ClusterUpdate>;
  findUpdate(cluster: string, id: string): Promise<ClusterUpdate>;
}

/** AWS as the commands about gateways need it. */
export interface GatewayAws extends GatewayReads, GatewayChanges {}
