// EC2 in memory: two VPCs, their subnets and security groups, and whoever's network interfaces; with an administrator before it.
import {
  type CreateOptions,
  createEniCommand,
  type DeleteOptions,
  deleteEniCommand,
  type ListOptions,
  listEniCommand,
} from "../../agent/commands/eni.ts";
import { type NodeNameOptions, nodeNameCommand } from "../../agent/commands/node-name.ts";
import type { Ec2, NetworkInterface, NetworkInterfaceRequest, SecurityGroup, Subnet } from "../../agent/host/ec2.ts";
import { setUpAdmin } from "./memory-admin.ts";
import { awsError } from "./memory-aws.ts";

export const SUBNET = "subnet-051a611f159253cba";
export const GROUP = "sg-03ed97e5202d027ed";
export const FOREIGN_GROUP = "sg-0aaaaaaaaaaaaaaaa";
export const FULL_SUBNET = "subnet-0ffffffffffffffff";

export class MemoryEc2 implements Ec2 {
  readonly subnets: readonly Subnet[] = [
    { id: SUBNET, vpcId: "vpc-1", availabilityZone: "us-east-1a", freeAddresses: 250 },
    { id: FULL_SUBNET, vpcId: "vpc-1", availabilityZone: "us-east-1b", freeAddresses: 0 },
  ];
  readonly groups: readonly SecurityGroup[] = [
    { id: GROUP, vpcId: "vpc-1" },
    { id: FOREIGN_GROUP, vpcId: "vpc-2" },
  ];
  enis: NetworkInterface[] = [];
  /** What an action fails with from now on. */
  readonly failures = new Map<string, Error>();
  /** Actions that were asked, in order. */
  readonly calls: string[] = [];

  /** An interface that somebody else made. */
  add(changes: Partial<NetworkInterface> = {}): NetworkInterface {
    const number = this.enis.length + 27;
    const eni: NetworkInterface = {
      id: `eni-086d663f3201384${number.toString(16)}`,
      description: "",
      status: "available",
      privateIp: `10.0.2.${number}`,
      privateDnsName: `ip-10-0-2-${number}.ec2.internal`,
      vpcId: "vpc-1",
      subnetId: SUBNET,
      availabilityZone: "us-east-1a",
      securityGroupIds: [GROUP],
      attachedTo: undefined,
      tags: {},
      ...changes,
    };
    this.enis.push(eni);
    return eni;
  }

  deny(action: string, message = "You are not authorized to perform this operation."): void {
    this.failures.set(action, Object.assign(awsError("UnauthorizedOperation", 403), { message }));
  }

  async listSubnets(vpcId: string) {
    this.#note("DescribeSubnets");
    return this.subnets.filter((subnet) => subnet.vpcId === vpcId);
  }

  async listSecurityGroups(vpcId: string) {
    this.#note("DescribeSecurityGroups");
    return this.groups.filter((group) => group.vpcId === vpcId).map(({ id }) => ({ id, name: `name-of-${id}` }));
  }

  async findSubnet(id: string) {
    this.#note("DescribeSubnets");
    return this.subnets.find((subnet) => subnet.id === id);
  }

  async findSecurityGroups(ids: readonly string[]) {
    this.#note("DescribeSecurityGroups");
    return this.groups.filter(({ id }) => ids.includes(id));
  }

  async listNetworkInterfaces(wanted: Readonly<Record<string, string | undefined>>) {
    this.#note("DescribeNetworkInterfaces");
    return this.enis.filter(({ tags }) =>
      Object.entries(wanted).every(([key, value]) => (value === undefined ? key in tags : tags[key] === value)),
    );
  }

  async findNetworkInterface(wanted: string) {
    this.#note("DescribeNetworkInterfaces");
    return this.enis.find(({ id }) => id === wanted);
  }

  async createNetworkInterface(request: NetworkInterfaceRequest) {
    this.#note("CreateNetworkInterface");
    return this.add(request);
  }

  async deleteNetworkInterface(wanted: string) {
    this.#note("DeleteNetworkInterface");
    this.enis = this.enis.filter(({ id }) => id !== wanted);
  }

  #note(action: string): void {
    this.calls.push(action);
    const failure = this.failures.get(action);
    if (failure !== undefined) throw failure;
  }
}

/** An administrator of cluster `demo` in us-east-1. */
export function setUpEc2() {
  const { context: adminContext, answers, said, forget, aws, print } = setUpAdmin();
  const ec2 = new MemoryEc2();
  const context = {
    openAdmin: async () => ({ ...(await adminContext.openAdmin()), ec2 }),
    confirm: adminContext.confirm as typeof adminContext.confirm | undefined,
  };
  const shared = { region: "us-east-1", suffix: "aws", output: "text", yes: true, dryRun: false } as const;
  return {
    ec2,
    aws,
    context,
    /** What a person at the terminal answers. */
    answers,
    said,
    forget,
    create: (options: Partial<CreateOptions> = {}) =>
      createEniCommand(
        context,
        { ...shared, cluster: "demo", subnet: SUBNET, securityGroup: [GROUP], ...options },
        print,
      ),
    list: (options: Partial<ListOptions> = {}) => listEniCommand(context, { ...shared, ...options }, print),
    remove: (ids: readonly string[], options: Partial<DeleteOptions> = {}) =>
      deleteEniCommand(context, ids, { ...shared, ...options }, print),
    nodeName: (options: Partial<NodeNameOptions>) => nodeNameCommand(context, { ...shared, ...options }, print),
  };
}
