// A worker node of the cluster in the VPC, as much of it as its pods need: a network interface with their addresses, as the VPC CNI gives them.
import { CreateNetworkInterfaceCommand } from "@aws-sdk/client-ec2";
import { setAddress } from "../links.ts";
import type { Sandbox } from "../sandbox.ts";
import { eniDevice, instanceNamespace } from "./addresses.ts";
import { awsClients } from "./aws-clients.ts";
import type { Cloud, CloudInterface } from "./cloud.ts";

/** The network namespace in which its pods' processes run. */
export function workerNamespace(slot: number): string {
  return instanceNamespace(slot, "worker");
}

/** Makes the network interface unless AWS has it, with the cluster's security group as EKS's own nodes have, and plugs it in. */
export async function plugWorker(sandbox: Sandbox, pods: readonly [string, ...string[]]): Promise<void> {
  const eni = (await find(sandbox, pods[0])) ?? (await make(sandbox, pods));
  const { subnets } = await sandbox.vpc.cloud();
  const subnetCidr = subnets.find(({ id }) => id === eni.subnet)?.cidr ?? "";
  const namespace = workerNamespace(sandbox.facts.slot);
  await sandbox.vpc.attach(namespace, [{ id: eni.id, address: eni.address, subnetCidr }]);
  for (const address of pods) if (address !== eni.address) await setAddress(namespace, eniDevice(0), address, 32);
}

async function find(sandbox: Sandbox, address: string): Promise<CloudInterface | undefined> {
  return (await sandbox.vpc.cloud()).interfaces.find(({ addresses }) => addresses.includes(address));
}

async function make(sandbox: Sandbox, pods: readonly [string, ...string[]]): Promise<CloudInterface> {
  const [{ ec2 }, cloud] = [await awsClients(sandbox), await sandbox.vpc.cloud()];
  await ec2.send(
    new CreateNetworkInterfaceCommand({
      Description: "a worker node",
      SubnetId: subnetOf(cloud, pods[0]),
      Groups: cloud.securityGroups.filter(({ name }) => name.startsWith("eks-cluster-sg-")).map(({ id }) => id),
      PrivateIpAddresses: pods.map((address, index) => ({ PrivateIpAddress: address, Primary: index === 0 })),
    }),
  );
  const made = await find(sandbox, pods[0]);
  if (made === undefined) throw new Error(`AWS made no network interface with ${pods[0]}`);
  return made;
}

/** Subnets of the sandbox are networks of 256 addresses. */
function subnetOf({ subnets }: Cloud, address: string): string | undefined {
  const prefix = address.slice(0, address.lastIndexOf(".") + 1);
  return subnets.find(({ cidr }) => cidr.startsWith(prefix))?.id;
}
