// What an administrator changes in EC2 for a gateway: security group, interface, Elastic IP, instance, routes.
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteNetworkInterfaceCommand,
  DeleteRouteCommand,
  DeleteSecurityGroupCommand,
  DisassociateAddressCommand,
  type EC2Client,
  type _InstanceType as InstanceType,
  ModifyNetworkInterfaceAttributeCommand,
  ReleaseAddressCommand,
  ReplaceRouteCommand,
  type ResourceType,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  type Tag,
  type TagSpecification,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { toElasticAddress, toGatewayInstance, toGatewayInterface } from "./ec2-reads.ts";
import type { GatewayChanges, InstanceRequest, RuleRequest, Tags } from "./types.ts";

type Ec2Changes = Omit<
  GatewayChanges,
  | "findProfile"
  | "createProfile"
  | "addRoleToProfile"
  | "removeRoleFromProfile"
  | "deleteProfile"
  | "deleteRolePolicy"
  | "deleteRole"
  | "setRemoteNetworks"
  | "findUpdate"
>;

/** Creates the changing calls on a client. */
export function createEc2Changes(ec2: EC2Client): Ec2Changes {
  return {
    ...createGroupCalls(ec2),
    ...createInterfaceCalls(ec2),
    ...createAddressCalls(ec2),
    ...createInstanceCalls(ec2),
    ...createRouteCalls(ec2),
  };
}

type GroupCalls = "createGroup" | "deleteGroup" | "tag" | "allow" | "revoke";

function createGroupCalls(ec2: EC2Client): Pick<Ec2Changes, GroupCalls> {
  return {
    async createGroup({ name, description, vpcId, tags }) {
      const TagSpecifications = tagged("security-group", tags);
      const request = { GroupName: name, Description: description, VpcId: vpcId, TagSpecifications };
      return (await ec2.send(new CreateSecurityGroupCommand(request))).GroupId ?? "";
    },
    async deleteGroup(id) {
      await ec2.send(new DeleteSecurityGroupCommand({ GroupId: id }));
    },
    async tag(id, tags) {
      await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: toAwsTags(tags) }));
    },
    async allow(groupId, rules) {
      for (const rule of rules) {
        const request = {
          GroupId: groupId,
          IpPermissions: [toPermission(rule)],
          TagSpecifications: tagged("security-group-rule", rule.tags),
        };
        if (rule.direction === "in") await ec2.send(new AuthorizeSecurityGroupIngressCommand(request));
        else await ec2.send(new AuthorizeSecurityGroupEgressCommand(request));
      }
    },
    async revoke(rules) {
      for (const { id, groupId, direction } of rules) {
        const request = { GroupId: groupId, SecurityGroupRuleIds: [id] };
        if (direction === "in") await ec2.send(new RevokeSecurityGroupIngressCommand(request));
        else await ec2.send(new RevokeSecurityGroupEgressCommand(request));
      }
    },
  };
}

function toPermission({ protocol, fromPort, toPort, cidr, description }: RuleRequest) {
  const ports = protocol === "-1" ? {} : { FromPort: fromPort, ToPort: toPort };
  return { IpProtocol: protocol, ...ports, IpRanges: [{ CidrIp: cidr, Description: description }] };
}

type InterfaceCalls = "createInterface" | "setSourceDestCheck" | "deleteInterface";

function createInterfaceCalls(ec2: EC2Client): Pick<Ec2Changes, InterfaceCalls> {
  return {
    async createInterface({ subnetId, groupIds, description, tags }) {
      const { NetworkInterface: created = {} } = await ec2.send(
        new CreateNetworkInterfaceCommand({
          SubnetId: subnetId,
          Groups: [...groupIds],
          Description: description,
          TagSpecifications: tagged("network-interface", tags),
        }),
      );
      return toGatewayInterface(created);
    },
    async setSourceDestCheck(interfaceId, isOn) {
      const request = { NetworkInterfaceId: interfaceId, SourceDestCheck: { Value: isOn } };
      await ec2.send(new ModifyNetworkInterfaceAttributeCommand(request));
    },
    async deleteInterface(id) {
      await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
    },
  };
}

type AddressCalls = "allocateAddress" | "associateAddress" | "disassociateAddress" | "releaseAddress";

function createAddressCalls(ec2: EC2Client): Pick<Ec2Changes, AddressCalls> {
  return {
    async allocateAddress(tags) {
      const request = { Domain: "vpc" as const, TagSpecifications: tagged("elastic-ip", tags) };
      return toElasticAddress(await ec2.send(new AllocateAddressCommand(request)));
    },
    async associateAddress(allocationId, interfaceId) {
      await ec2.send(
        new AssociateAddressCommand({
          AllocationId: allocationId,
          NetworkInterfaceId: interfaceId,
          AllowReassociation: false,
        }),
      );
    },
    async disassociateAddress(associationId) {
      await ec2.send(new DisassociateAddressCommand({ AssociationId: associationId }));
    },
    async releaseAddress(allocationId) {
      await ec2.send(new ReleaseAddressCommand({ AllocationId: allocationId }));
    },
  };
}

function createInstanceCalls(ec2: EC2Client): Pick<Ec2Changes, "runInstance" | "startInstance" | "terminateInstance"> {
  return {
    runInstance: (request) => runInstance(ec2, request),
    async startInstance(id) {
      await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    },
    async terminateInstance(id) {
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    },
  };
}

/** The interface was made before, so it survives the instance; a container on it could not reach the metadata service. */
async function runInstance(
  ec2: EC2Client,
  { type, image, interfaceId, profile, userData, tags }: InstanceRequest,
): Promise<ReturnType<typeof toGatewayInstance>> {
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: image,
      InstanceType: type as InstanceType,
      MinCount: 1,
      MaxCount: 1,
      NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: interfaceId }],
      IamInstanceProfile: { Name: profile },
      MetadataOptions: { HttpTokens: "required", HttpEndpoint: "enabled", HttpPutResponseHopLimit: 1 },
      UserData: Buffer.from(userData).toString("base64"),
      TagSpecifications: [...tagged("instance", tags), ...tagged("volume", tags)],
    }),
  );
  return toGatewayInstance(Instances?.[0] ?? {});
}

function createRouteCalls(ec2: EC2Client): Pick<Ec2Changes, "createRoute" | "replaceRoute" | "deleteRoute"> {
  const route = (tableId: string, destination: string, interfaceId: string) => ({
    RouteTableId: tableId,
    DestinationCidrBlock: destination,
    NetworkInterfaceId: interfaceId,
  });
  return {
    async createRoute(...where) {
      await ec2.send(new CreateRouteCommand(route(...where)));
    },
    async replaceRoute(...where) {
      await ec2.send(new ReplaceRouteCommand(route(...where)));
    },
    async deleteRoute(tableId, destination) {
      await ec2.send(new DeleteRouteCommand({ RouteTableId: tableId, DestinationCidrBlock: destination }));
    },
  };
}

function toAwsTags(tags: Tags): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

function tagged(type: ResourceType, tags: Tags): TagSpecification[] {
  return [{ ResourceType: type, Tags: toAwsTags(tags) }];
}
