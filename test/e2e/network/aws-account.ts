// The sandbox's account as AWS describes it: a picture to compare with, and what another administrator may undo by hand.
import {
  DeleteRouteCommand,
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DisassociateAddressCommand,
  type EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  RevokeSecurityGroupIngressCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  DeleteAccessEntryCommand,
  DescribeClusterCommand,
  type EKSClient,
  ListAccessEntriesCommand,
  UpdateClusterConfigCommand,
} from "@aws-sdk/client-eks";
import {
  DeleteRolePolicyCommand,
  type IAMClient,
  ListInstanceProfilesCommand,
  ListRolesCommand,
  RemoveRoleFromInstanceProfileCommand,
} from "@aws-sdk/client-iam";
import { clusterName } from "../../sandbox/state.ts";
import { waitFor } from "../../sandbox/wait.ts";

interface Clients {
  readonly ec2: EC2Client;
  readonly eks: EKSClient;
  readonly iam: IAMClient;
}

export interface AccountPicture {
  readonly remoteNetworks: { readonly nodes: readonly string[]; readonly pods: readonly string[] };
  readonly [name: string]: unknown;
}

interface Undoable {
  readonly name: string;
  undo(): Promise<unknown>;
}

export class AwsAccount {
  readonly #clients: Clients;

  private constructor(clients: Clients) {
    this.#clients = clients;
  }

  static async open(clients: Clients): Promise<AwsAccount> {
    return new AwsAccount(clients);
  }

  /** All that a gateway's making may touch; instances that are terminated are none, though EC2 shows them for an hour. */
  async picture(): Promise<AccountPicture> {
    const { ec2, iam } = this.#clients;
    const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
    const { SecurityGroupRules = [] } = await ec2.send(new DescribeSecurityGroupRulesCommand({}));
    const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({}));
    const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({}));
    const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({}));
    const { Roles = [] } = await iam.send(new ListRolesCommand({}));
    const { InstanceProfiles = [] } = await iam.send(new ListInstanceProfilesCommand({}));
    return {
      groups: SecurityGroups.map(({ GroupId }) => GroupId).toSorted(),
      rules: SecurityGroupRules.map(({ SecurityGroupRuleId }) => SecurityGroupRuleId).toSorted(),
      interfaces: NetworkInterfaces.map(({ NetworkInterfaceId }) => NetworkInterfaceId).toSorted(),
      addresses: Addresses.map(({ AllocationId }) => AllocationId).toSorted(),
      instances: (await this.#instances()).toSorted(),
      routes: RouteTables.map(({ RouteTableId, Routes = [] }) => [
        RouteTableId,
        Routes.map(({ DestinationCidrBlock }) => DestinationCidrBlock).toSorted(),
      ]).toSorted(),
      roles: Roles.map(({ RoleName }) => RoleName).toSorted(),
      profiles: InstanceProfiles.map(({ InstanceProfileName }) => InstanceProfileName).toSorted(),
      remoteNetworks: await this.#remoteNetworks(),
    };
  }

  /** How many of each piece have a gateway's tag. */
  async ownPieces(cluster: string) {
    const { ec2 } = this.#clients;
    const Filters = filtersOf(cluster);
    const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
    const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
    const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({ Filters }));
    const instances = await this.#instances(Filters);
    return {
      groups: SecurityGroups.length,
      interfaces: NetworkInterfaces.length,
      addresses: Addresses.length,
      instances: instances.length,
    };
  }

  /** What is undone, with the code by which `gateway check` names it. */
  async undoable(cluster: string): Promise<readonly (readonly [Undoable, string])[]> {
    return [...this.#inVpc(cluster), ...this.#inIam()];
  }

  #inVpc(cluster: string): readonly (readonly [Undoable, string])[] {
    const { ec2 } = this.#clients;
    const Filters = filtersOf(cluster);
    const eni = async () => (await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }))).NetworkInterfaces?.[0];
    return [
      [{ name: "a route", undo: () => this.#deleteRoute() }, "vpc-route-missing"],
      [
        {
          name: "the source/dest check",
          undo: async () =>
            ec2.send(
              new ModifyNetworkInterfaceAttributeCommand({
                NetworkInterfaceId: (await eni())?.NetworkInterfaceId,
                SourceDestCheck: { Value: true },
              }),
            ),
        },
        "source-dest-check-on",
      ],
      [{ name: "the Elastic IP", undo: () => this.#disassociate(cluster) }, "address-missing"],
      [
        { name: "WireGuard's rule", undo: () => this.#revoke((rule) => rule.FromPort === 51820) },
        "security-group-closed",
      ],
      [
        {
          name: "the API server's rule",
          undo: () => this.#revoke((rule) => rule.FromPort === 443 && rule.CidrIpv4?.startsWith("10.250.") === true),
        },
        "cluster-security-group-closed",
      ],
      [{ name: "the instance", undo: () => this.#terminate(cluster) }, "instance-missing"],
      [{ name: "the remote networks", undo: () => this.#forgetNetworks() }, "remote-network-missing"],
    ];
  }

  #inIam(): readonly (readonly [Undoable, string])[] {
    const { iam, eks } = this.#clients;
    const role = async () =>
      (await iam.send(new ListRolesCommand({}))).Roles?.find(({ RoleName }) => RoleName?.includes("gateway-1"));
    return [
      [
        {
          name: "the access entry",
          undo: async () => {
            const { accessEntries = [] } = await eks.send(new ListAccessEntriesCommand({ clusterName }));
            const principalArn = accessEntries.find((arn) => arn.includes("gateway-1"));
            return eks.send(new DeleteAccessEntryCommand({ clusterName, principalArn }));
          },
        },
        "access-entry-missing",
      ],
      [
        {
          name: "the role's policy",
          undo: async () =>
            iam.send(
              new DeleteRolePolicyCommand({
                RoleName: (await role())?.RoleName,
                PolicyName: "eks-satellite-gateway",
              }),
            ),
        },
        "role-policy-differs",
      ],
      [
        {
          name: "the role of the instance profile",
          undo: async () => {
            const RoleName = (await role())?.RoleName;
            return iam.send(new RemoveRoleFromInstanceProfileCommand({ RoleName, InstanceProfileName: RoleName }));
          },
        },
        "instance-profile-missing",
      ],
    ];
  }

  async #instances(Filters: ReturnType<typeof filtersOf> = []): Promise<readonly string[]> {
    const { Reservations = [] } = await this.#clients.ec2.send(new DescribeInstancesCommand({ Filters }));
    return Reservations.flatMap(({ Instances = [] }) => Instances)
      .filter(({ State }) => State?.Name !== "terminated" && State?.Name !== "shutting-down")
      .map(({ InstanceId = "" }) => InstanceId);
  }

  async #remoteNetworks() {
    const { cluster } = await this.#clients.eks.send(new DescribeClusterCommand({ name: clusterName }));
    const { remoteNodeNetworks = [], remotePodNetworks = [] } = cluster?.remoteNetworkConfig ?? {};
    return {
      nodes: remoteNodeNetworks.flatMap(({ cidrs = [] }) => cidrs),
      pods: remotePodNetworks.flatMap(({ cidrs = [] }) => cidrs),
    };
  }

  async #deleteRoute(): Promise<void> {
    const { ec2 } = this.#clients;
    const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({}));
    for (const { RouteTableId, Routes = [] } of RouteTables)
      for (const { DestinationCidrBlock } of Routes)
        if (DestinationCidrBlock?.startsWith("10.250."))
          return void (await ec2.send(new DeleteRouteCommand({ RouteTableId, DestinationCidrBlock })));
  }

  async #disassociate(cluster: string): Promise<void> {
    const { ec2 } = this.#clients;
    const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({ Filters: filtersOf(cluster) }));
    await ec2.send(new DisassociateAddressCommand({ AssociationId: Addresses[0]?.AssociationId }));
  }

  async #revoke(isMeant: (rule: { FromPort?: number; CidrIpv4?: string }) => boolean): Promise<void> {
    const { ec2 } = this.#clients;
    const { SecurityGroupRules = [] } = await ec2.send(new DescribeSecurityGroupRulesCommand({}));
    const rule = SecurityGroupRules.find((each) => each.IsEgress !== true && isMeant(each as never));
    const SecurityGroupRuleIds = [rule?.SecurityGroupRuleId ?? ""];
    await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: rule?.GroupId, SecurityGroupRuleIds }));
  }

  async #terminate(cluster: string): Promise<void> {
    const InstanceIds = [...(await this.#instances(filtersOf(cluster)))];
    await this.#clients.ec2.send(new TerminateInstancesCommand({ InstanceIds }));
    const isGone = async () => (await this.#instances(filtersOf(cluster))).length === 0;
    await waitFor({ what: "the instance to end", deadlineMs: 60_000 }, isGone);
  }

  async #forgetNetworks(): Promise<void> {
    const { nodes, pods } = await this.#remoteNetworks();
    const keep = (cidrs: readonly string[]) => [{ cidrs: cidrs.filter((cidr) => !cidr.startsWith("10.250.")) }];
    const remoteNetworkConfig = { remoteNodeNetworks: keep(nodes), remotePodNetworks: keep(pods) };
    await this.#clients.eks.send(new UpdateClusterConfigCommand({ name: clusterName, remoteNetworkConfig }));
    const isDone = async () => !(await this.#remoteNetworks()).nodes.some((cidr) => cidr.startsWith("10.250."));
    await waitFor({ what: "the update to end", deadlineMs: 60_000 }, isDone);
  }
}

function filtersOf(cluster: string) {
  return [
    { Name: "tag:eks-satellite:cluster", Values: [cluster] },
    { Name: "tag-key", Values: ["eks-satellite:gateway"] },
  ];
}
