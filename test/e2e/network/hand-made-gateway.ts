// A gateway made step by step, so that a test can leave one out: a network namespace in the VPC that answers for a node's address itself.
import { spawn } from "node:child_process";
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  DeleteRouteCommand,
  type IpPermission,
  ModifyNetworkInterfaceAttributeCommand,
  RevokeSecurityGroupIngressCommand,
} from "@aws-sdk/client-ec2";
import { UpdateClusterConfigCommand } from "@aws-sdk/client-eks";
import { execIn, ip, setAddress } from "../../sandbox/links.ts";
import { stopDaemon } from "../../sandbox/process.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { clusterName } from "../../sandbox/state.ts";
import { instanceNamespace, type VpcAddresses } from "../../sandbox/vpc/addresses.ts";
import { attachInstance } from "../../sandbox/vpc/attach.ts";
import { type AwsClients, awsClients } from "../../sandbox/vpc/aws-clients.ts";
import { type Cloud, readCloud } from "../../sandbox/vpc/cloud.ts";
import { settle } from "../../sandbox/vpc/settle.ts";
import { waitFor } from "../../sandbox/wait.ts";

export const nodeNetwork = "10.250.0.0/24";
export const nodeAddress = "10.250.0.11";
/** Where kubelet would listen. */
const port = 10250;

/** What each step of a gateway's making does, and undoes. */
export class HandMadeGateway {
  readonly namespace: string;
  readonly #sandbox: Sandbox;
  readonly #vpc: VpcAddresses;
  readonly #aws: AwsClients;
  readonly #cloud: Cloud;
  readonly #eni: string;
  readonly #group: string;
  readonly #server: { kill(): unknown };

  private constructor(
    parts: { readonly sandbox: Sandbox; readonly vpc: VpcAddresses; readonly aws: AwsClients; readonly cloud: Cloud },
    made: {
      readonly eni: string;
      readonly group: string;
      readonly namespace: string;
      readonly server: { kill(): unknown };
    },
  ) {
    this.#sandbox = parts.sandbox;
    this.#vpc = parts.vpc;
    this.#aws = parts.aws;
    this.#cloud = parts.cloud;
    this.#eni = made.eni;
    this.#group = made.group;
    this.namespace = made.namespace;
    this.#server = made.server;
  }

  /** An interface in the public subnet, plugged in, and a server behind it; no other step is done. */
  static async make(sandbox: Sandbox, vpc: VpcAddresses): Promise<HandMadeGateway> {
    const [aws, cloud] = [await awsClients(sandbox), await readCloud(sandbox.folder)];
    const [subnet] = cloud.subnets;
    if (subnet === undefined) throw new Error("the VPC has no subnet");
    const { GroupId: group = "" } = await aws.ec2.send(
      new CreateSecurityGroupCommand({ GroupName: "hand-made-gateway", Description: "x", VpcId: cloud.vpc }),
    );
    const { NetworkInterface: eni } = await aws.ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId: subnet.id, Groups: [group] }),
    );
    const { NetworkInterfaceId: id = "", PrivateIpAddress: address = "" } = eni ?? {};
    const namespace = instanceNamespace(sandbox.facts.slot, "hand-made");
    await attachInstance(vpc, namespace, [{ id, address, subnetCidr: subnet.cidr }]);
    await setAddress(namespace, "lo", nodeAddress, 32);
    const server = await serve(namespace);
    return new HandMadeGateway({ sandbox, vpc, aws, cloud }, { eni: id, group, namespace, server });
  }

  /** Takes the namespace away; what is left in AWS ends with it. */
  async close(): Promise<void> {
    this.#server.kill();
    await ip(["netns", "delete", this.namespace]);
    await stopDaemon(this.#sandbox.folder, "aws");
  }

  /** A route in one of the VPC's tables, or in all. */
  async route(does: boolean, tables = this.#cloud.routeTables): Promise<void> {
    for (const { id } of tables) {
      const route = { RouteTableId: id, DestinationCidrBlock: nodeNetwork };
      await (does
        ? this.#aws.ec2.send(new CreateRouteCommand({ ...route, NetworkInterfaceId: this.#eni }))
        : this.#aws.ec2.send(new DeleteRouteCommand(route)));
    }
    await this.#settle();
  }

  get privateTables() {
    return this.#cloud.routeTables.filter(({ isMain }) => !isMain);
  }

  async sourceDestCheck(isOn: boolean): Promise<void> {
    const change = { NetworkInterfaceId: this.#eni, SourceDestCheck: { Value: isOn } };
    await this.#aws.ec2.send(new ModifyNetworkInterfaceAttributeCommand(change));
    await this.#settle();
  }

  /** The VPC may reach kubelet's port through the gateway. */
  kubeletRule(does: boolean): Promise<void> {
    return this.#ingress(this.#group, does, port, this.#cloud.cidrs[0] ?? "");
  }

  /** Nodes may reach the API server's interfaces. */
  apiRule(does: boolean): Promise<void> {
    const group = this.#cloud.securityGroups.find(({ name }) => name.startsWith("eks-cluster-sg-"));
    return this.#ingress(group?.id ?? "", does, 443, nodeNetwork);
  }

  remoteNetwork(does: boolean): Promise<void> {
    return this.remoteNetworks(does ? [nodeNetwork] : []);
  }

  /** These are the cluster's remote node networks, and no others. */
  async remoteNetworks(cidrs: readonly string[]): Promise<void> {
    const config = { remoteNodeNetworks: cidrs.length === 0 ? [] : [{ cidrs: [...cidrs] }], remotePodNetworks: [] };
    await this.#aws.eks.send(new UpdateClusterConfigCommand({ name: clusterName, remoteNetworkConfig: config }));
    await waitFor({ what: "the cluster's update to end", deadlineMs: 10_000 }, async () => {
      return (await readCloud(this.#sandbox.folder)).remoteNodeNetworks.join() === cidrs.join();
    });
    await this.#settle();
  }

  /** Gives the interface an Elastic IP, and returns it. */
  async elasticAddress(): Promise<string> {
    const { AllocationId, PublicIp = "" } = await this.#aws.ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
    await this.#aws.ec2.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId: this.#eni }));
    await this.#settle();
    return PublicIp;
  }

  /** The port is open to everybody, as WireGuard's is. */
  openToAll(): Promise<void> {
    return this.#ingress(this.#group, true, port, "0.0.0.0/0");
  }

  /** How many of four connections of the control plane to the node reach it. */
  async answers(): Promise<number> {
    const { controlNamespace } = this.#sandbox.addresses;
    const tries = Array.from({ length: 4 }, () => answersTo(controlNamespace, `http://${nodeAddress}:${port}`));
    return (await Promise.all(tries)).filter(Boolean).length;
  }

  /** Whether a node behind the gateway reaches the API server at an address in the VPC. */
  reachesApi(address: string): Promise<boolean> {
    return answersTo(this.namespace, `https://${address}`, nodeAddress);
  }

  async #ingress(group: string, does: boolean, at: number, cidr: string): Promise<void> {
    const rule: IpPermission = { IpProtocol: "tcp", FromPort: at, ToPort: at, IpRanges: [{ CidrIp: cidr }] };
    const change = { GroupId: group, IpPermissions: [rule] };
    await (does
      ? this.#aws.ec2.send(new AuthorizeSecurityGroupIngressCommand(change))
      : this.#aws.ec2.send(new RevokeSecurityGroupIngressCommand(change)));
    await this.#settle();
  }

  #settle(): Promise<void> {
    return settle(this.#sandbox.folder, this.#vpc);
  }
}

/** Whether a server answers, with whatever, to a request from a namespace. */
export function answersTo(namespace: string, url: string, source?: string): Promise<boolean> {
  const from = source === undefined ? [] : ["--interface", source];
  const command = [
    "curl",
    "--silent",
    "--insecure",
    "--output",
    "/dev/null",
    "--max-time",
    "3",
    "--connect-timeout",
    "1",
  ];
  return execIn(namespace, [...command, ...from, url]).then(
    () => true,
    () => false,
  );
}

async function serve(namespace: string): Promise<{ kill(): unknown }> {
  const program = `require("http").createServer((_, answer) => answer.end("here\\n")).listen(${port}, () => console.log("listening"))`;
  const child = spawn("ip", ["netns", "exec", namespace, process.execPath, "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => child.once("error", reject).stdout.once("data", () => resolve()));
  return child;
}
