// AWS in memory for the commands about gateways: what they change in a VPC, in IAM, and at an EKS that updates.
import type {
  ClusterUpdate,
  GatewayAws,
  GroupRule,
  InstanceRequest,
  InterfaceRequest,
  RemoteNetworks,
  RuleRequest,
  Tags,
} from "../../agent/host/gateway-aws/types.ts";
import { awsError } from "./memory-aws.ts";
import { MemoryVpc, openEgress, VPC } from "./memory-gateway-vpc.ts";

export class MemoryGatewayAws extends MemoryVpc implements GatewayAws {
  async createGroup({ vpcId, tags }: { vpcId: string; tags: Tags }) {
    this.change("CreateSecurityGroup");
    const id = this.id("sg");
    this.groups.push({ id, vpcId, tags });
    this.rules.push(openEgress(this.id("sgr"), id));
    return id;
  }

  async deleteGroup(wanted: string) {
    this.change("DeleteSecurityGroup");
    if (this.interfaces.some(({ groupIds }) => groupIds.includes(wanted))) throw awsError("DependencyViolation");
    this.groups = this.groups.filter(({ id }) => id !== wanted);
    this.rules = this.rules.filter(({ groupId }) => groupId !== wanted);
  }

  async tag(wanted: string, tags: Tags) {
    this.change("CreateTags");
    this.groups = this.groups.map((group) =>
      group.id === wanted ? { ...group, tags: { ...group.tags, ...tags } } : group,
    );
  }

  async allow(groupId: string, rules: readonly RuleRequest[]) {
    for (const { description: _, ...rule } of rules) {
      this.change(rule.direction === "in" ? "AuthorizeSecurityGroupIngress" : "AuthorizeSecurityGroupEgress");
      this.rules.push({ ...rule, groupId, id: this.id("sgr"), peerGroupId: undefined });
    }
  }

  async revoke(rules: readonly Pick<GroupRule, "id" | "direction">[]) {
    for (const { id, direction } of rules) {
      this.change(direction === "in" ? "RevokeSecurityGroupIngress" : "RevokeSecurityGroupEgress");
      this.rules = this.rules.filter((rule) => rule.id !== id);
    }
  }

  async createInterface({ subnetId, groupIds, tags }: InterfaceRequest) {
    this.change("CreateNetworkInterface");
    const id = this.id("eni");
    const made = {
      id,
      subnetId,
      vpcId: VPC,
      address: "10.0.1.5",
      groupIds,
      sourceDestCheck: true,
      instanceId: undefined,
      tags,
    };
    this.interfaces.push(made);
    return made;
  }

  async setSourceDestCheck(wanted: string, isOn: boolean) {
    this.change("ModifyNetworkInterfaceAttribute");
    for (const each of this.interfaces) if (each.id === wanted) each.sourceDestCheck = isOn;
  }

  async deleteInterface(wanted: string) {
    this.change("DeleteNetworkInterface");
    if (this.interfaces.some(({ id, instanceId }) => id === wanted && instanceId !== undefined))
      throw awsError("InvalidParameterValue");
    this.interfaces = this.interfaces.filter(({ id }) => id !== wanted);
  }

  async allocateAddress(tags: Tags) {
    this.change("AllocateAddress");
    const made = {
      allocationId: this.id("eipalloc"),
      publicIp: "198.51.100.5",
      associationId: undefined,
      interfaceId: undefined,
      tags,
    };
    this.addresses.push(made);
    return made;
  }

  async associateAddress(allocation: string, interfaceId: string) {
    this.change("AssociateAddress");
    for (const each of this.addresses)
      if (each.allocationId === allocation) Object.assign(each, { interfaceId, associationId: this.id("eipassoc") });
  }

  async disassociateAddress(association: string) {
    this.change("DisassociateAddress");
    for (const each of this.addresses)
      if (each.associationId === association) Object.assign(each, { interfaceId: undefined, associationId: undefined });
  }

  async releaseAddress(allocation: string) {
    this.change("ReleaseAddress");
    this.addresses = this.addresses.filter(({ allocationId }) => allocationId !== allocation);
  }

  async runInstance(request: InstanceRequest) {
    this.change("RunInstances");
    this.launches.push(request);
    const made = { id: this.id("i"), state: "running", type: request.type, tags: request.tags };
    this.instances.push(made);
    for (const each of this.interfaces) if (each.id === request.interfaceId) each.instanceId = made.id;
    return made;
  }

  async startInstance(wanted: string) {
    this.change("StartInstances");
    for (const each of this.instances) if (each.id === wanted) each.state = "running";
  }

  async terminateInstance(wanted: string) {
    this.change("TerminateInstances");
    this.instances = this.instances.filter(({ id }) => id !== wanted);
    for (const each of this.interfaces) if (each.instanceId === wanted) each.instanceId = undefined;
  }

  async createRoute(tableId: string, destination: string, target: string) {
    this.change("CreateRoute");
    this.setRoutes(tableId, (routes) => [...routes, { destination, target, state: "active" }]);
  }

  async replaceRoute(tableId: string, destination: string, target: string) {
    this.change("ReplaceRoute");
    this.setRoutes(tableId, (routes) =>
      routes.map((route) => (route.destination === destination ? { destination, target, state: "active" } : route)),
    );
  }

  async deleteRoute(tableId: string, destination: string) {
    this.change("DeleteRoute");
    this.setRoutes(tableId, (routes) => routes.filter((route) => route.destination !== destination));
  }

  async findProfile(wanted: string) {
    this.read("GetInstanceProfile");
    return this.profiles.find(({ name }) => name === wanted);
  }

  async createProfile(name: string, tags: Tags) {
    this.change("CreateInstanceProfile");
    this.profiles.push({ name, roles: [], tags });
  }

  async addRoleToProfile(profile: string, role: string) {
    this.change("AddRoleToInstanceProfile");
    this.profiles = this.profiles.map((each) => (each.name === profile ? { ...each, roles: [role] } : each));
  }

  async removeRoleFromProfile(profile: string) {
    this.change("RemoveRoleFromInstanceProfile");
    this.profiles = this.profiles.map((each) => (each.name === profile ? { ...each, roles: [] } : each));
  }

  async deleteProfile(wanted: string) {
    this.change("DeleteInstanceProfile");
    this.profiles = this.profiles.filter(({ name }) => name !== wanted);
  }

  async deleteRolePolicy(name: string) {
    this.change("DeleteRolePolicy");
    this.onDeleteRolePolicy(name);
  }

  async deleteRole(name: string) {
    this.change("DeleteRole");
    this.onDeleteRole(name);
  }

  async setRemoteNetworks(_cluster: string, networks: RemoteNetworks): Promise<ClusterUpdate> {
    this.change("UpdateClusterConfig");
    this.remoteNetworks = networks;
    this.onRemoteNetworks(networks);
    return this.updates.shift() ?? { id: "u-1", status: "Successful", errors: [] };
  }

  async findUpdate(_cluster: string, id: string): Promise<ClusterUpdate> {
    this.read("DescribeUpdate");
    return this.updates.shift() ?? { id, status: "Successful", errors: [] };
  }
}
