// A node's network interface: it is attached to nothing, and reserves an address of the VPC, and so the node's name.
import { hasCode, SatelliteError } from "../errors.ts";
import type { Ec2, NetworkInterface, Subnet } from "../host/ec2.ts";
import type { Account } from "./account.ts";

/** Marks what is ours; its value is the cluster's name. */
export const CLUSTER_TAG = "eks-satellite:cluster";
/** Beside it on what belongs to a gateway; its value is the gateway's name. */
export const GATEWAY_TAG = "eks-satellite:gateway";
const NAME_TAG = "Name";

export interface EniContext {
  readonly ec2: Ec2;
  readonly account: Account;
}

export interface EniSpec {
  readonly cluster: string;
  readonly subnetId: string;
  readonly securityGroupIds: readonly string[];
  /** Unique in a cluster; without a name each call creates another interface. */
  readonly name: string | undefined;
}

/** The existing interface, or what it takes to create one. */
export type EniPlan =
  | { readonly kind: "present"; readonly eni: NetworkInterface }
  | {
      readonly kind: "absent";
      /** Undefined when the caller may not describe it. */
      readonly subnet: Subnet | undefined;
      /** What could not be checked beforehand. */
      readonly notes: readonly string[];
      readonly create: () => Promise<NetworkInterface>;
    };

/** @throws eni-differs, subnet-not-found, subnet-full, security-group-not-found, vpc-mismatch, aws-forbidden, … */
export async function planEni({ ec2, account }: EniContext, wanted: EniSpec): Promise<EniPlan> {
  const present =
    wanted.name === undefined ? undefined : await findByName({ ec2, account }, wanted.cluster, wanted.name);
  if (present !== undefined) {
    checkSame(present, wanted);
    return { kind: "present", eni: present };
  }
  const notes: string[] = [];
  const orNote = async <T>(reading: Promise<T>): Promise<T | undefined> =>
    reading.catch((error: unknown) => {
      if (!hasCode(error, "aws-forbidden")) throw error;
      notes.push(`not checked beforehand: ${(error as Error).message}`);
      return undefined;
    });
  const subnet = await orNote(readSubnet({ ec2, account }, wanted.subnetId));
  await orNote(checkSecurityGroups({ ec2, account }, wanted, subnet));
  const create = () =>
    account.ask("ec2:CreateNetworkInterface", "network-interface/*", () =>
      ec2.createNetworkInterface({
        subnetId: wanted.subnetId,
        securityGroupIds: wanted.securityGroupIds,
        description: `Node of EKS cluster ${wanted.cluster} outside AWS (eks-satellite)`,
        tags: tagsOf(wanted),
      }),
    );
  return { kind: "absent", subnet, notes, create };
}

/** The tags of an interface of ours. */
export function tagsOf({ cluster, name }: Pick<EniSpec, "cluster" | "name">): Readonly<Record<string, string>> {
  return { [CLUSTER_TAG]: cluster, ...(name === undefined ? {} : { [NAME_TAG]: name }) };
}

/** The interfaces that eks-satellite created for nodes, of one cluster or of all. */
export async function listEnis(
  { ec2, account }: EniContext,
  cluster: string | undefined,
): Promise<readonly NetworkInterface[]> {
  const found = await account.ask("ec2:DescribeNetworkInterfaces", "*", () =>
    ec2.listNetworkInterfaces({ [CLUSTER_TAG]: cluster }),
  );
  // A gateway's is no node's: `gateway list` shows it.
  return found.filter(({ tags }) => !(GATEWAY_TAG in tags)).toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

/** @throws eni-not-found */
export async function readEni({ ec2, account }: EniContext, id: string): Promise<NetworkInterface> {
  const found = await account.ask("ec2:DescribeNetworkInterfaces", "*", () => ec2.findNetworkInterface(id));
  if (found !== undefined) return found;
  throw new SatelliteError("eni-not-found", `there is no network interface ${id} in ${account.region}`, {
    hint: `eks-satellite eni list --region ${account.region} lists the nodes' interfaces; compare the region and the account.`,
  });
}

/** Reads an interface that may be deleted. @throws eni-not-found, eni-foreign, eni-attached */
export async function readDeletableEni(
  context: EniContext,
  id: string,
  cluster: string | undefined,
): Promise<NetworkInterface> {
  const eni = await readEni(context, id);
  const owner = eni.tags[CLUSTER_TAG];
  if (owner === undefined || (cluster !== undefined && owner !== cluster)) {
    const whose = owner === undefined ? `has no tag ${CLUSTER_TAG}` : `is of cluster ${owner}, not of ${cluster}`;
    throw new SatelliteError("eni-foreign", `network interface ${id} ${whose}: it is not deleted`, {
      hint: `eks-satellite deletes only what it created. If the interface is unused: aws ec2 delete-network-interface --network-interface-id ${id}.`,
    });
  }
  if (GATEWAY_TAG in eni.tags) {
    throw new SatelliteError(
      "eni-foreign",
      `network interface ${id} is of gateway ${eni.tags[GATEWAY_TAG]} of cluster ${owner}: it is not deleted`,
      {
        hint: `eks-satellite gateway delete --cluster ${owner} --region ${context.account.region} --name ${eni.tags[GATEWAY_TAG]} removes the whole gateway.`,
      },
    );
  }
  if (eni.attachedTo !== undefined || eni.status === "in-use") {
    throw new SatelliteError(
      "eni-attached",
      `network interface ${id} is attached to ${eni.attachedTo ?? "something"}`,
      {
        hint: "A node's interface is attached to nothing. Find out who attached it: aws ec2 describe-network-interfaces; detach it first.",
      },
    );
  }
  return eni;
}

export function deleteEni({ ec2, account }: EniContext, id: string): Promise<void> {
  return account.ask("ec2:DeleteNetworkInterface", `network-interface/${id}`, () => ec2.deleteNetworkInterface(id));
}

/** @throws eni-ambiguous */
async function findByName(
  { ec2, account }: EniContext,
  cluster: string,
  name: string,
): Promise<NetworkInterface | undefined> {
  const found = await account.ask("ec2:DescribeNetworkInterfaces", "*", () =>
    ec2.listNetworkInterfaces(tagsOf({ cluster, name })),
  );
  if (found.length <= 1) return found[0];
  throw new SatelliteError(
    "eni-ambiguous",
    `${found.length} network interfaces of cluster ${cluster} have the name ${name}: ${found.map(({ id }) => id).join(", ")}`,
    { hint: "Delete all but one (eks-satellite eni delete ENI), or give another --name." },
  );
}

/** @throws eni-differs */
function checkSame({ id, subnetId, securityGroupIds }: NetworkInterface, { name, ...wanted }: EniSpec): void {
  const differences = [
    ...(subnetId === wanted.subnetId ? [] : [`is in ${subnetId}, not in ${wanted.subnetId}`]),
    ...(isSameSet(securityGroupIds, wanted.securityGroupIds)
      ? []
      : [`has ${securityGroupIds.join(", ")}, not ${wanted.securityGroupIds.join(", ")}`]),
  ];
  if (differences.length === 0) return;
  throw new SatelliteError(
    "eni-differs",
    `network interface ${name} of this cluster already exists, and ${id} ${differences.join(" and ")}`,
    { hint: "Give another --name, or delete it first: eks-satellite eni delete." },
  );
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.toSorted().join() === [...new Set(other)].toSorted().join();
}

/** @throws subnet-not-found, subnet-full */
async function readSubnet({ ec2, account }: EniContext, id: string): Promise<Subnet> {
  const subnet = await account.ask("ec2:DescribeSubnets", "*", () => ec2.findSubnet(id));
  if (subnet === undefined) {
    throw new SatelliteError("subnet-not-found", `there is no subnet ${id} in ${account.region}`, {
      hint: `aws eks describe-cluster --region ${account.region} --name CLUSTER --query cluster.resourcesVpcConfig.subnetIds lists the cluster's.`,
    });
  }
  if (subnet.freeAddresses > 0) return subnet;
  throw new SatelliteError("subnet-full", `subnet ${id} in ${subnet.availabilityZone} has no free address`, {
    hint: `Use another subnet of ${subnet.vpcId}: aws ec2 describe-subnets --region ${account.region} --filters Name=vpc-id,Values=${subnet.vpcId}.`,
  });
}

/** @throws security-group-not-found, vpc-mismatch */
async function checkSecurityGroups(
  { ec2, account }: EniContext,
  { securityGroupIds }: EniSpec,
  subnet: Subnet | undefined,
): Promise<void> {
  const found = await account.ask("ec2:DescribeSecurityGroups", "*", () => ec2.findSecurityGroups(securityGroupIds));
  const missing = securityGroupIds.find((id) => !found.some((group) => group.id === id));
  if (missing !== undefined) {
    throw new SatelliteError("security-group-not-found", `there is no security group ${missing} in ${account.region}`, {
      hint: `aws ec2 describe-security-groups --region ${account.region} lists them.`,
    });
  }
  const foreign = subnet === undefined ? undefined : found.find(({ vpcId }) => vpcId !== subnet.vpcId);
  if (subnet === undefined || foreign === undefined) return;
  throw new SatelliteError(
    "vpc-mismatch",
    `security group ${foreign.id} is of ${foreign.vpcId}, and subnet ${subnet.id} of ${subnet.vpcId}`,
    {
      hint: `Use a security group of the subnet's VPC: aws ec2 describe-security-groups --region ${account.region} --filters Name=vpc-id,Values=${subnet.vpcId}.`,
    },
  );
}
