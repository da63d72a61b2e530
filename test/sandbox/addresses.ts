// Every address and name of one sandbox, computed from its slot number, so that two sandboxes never share one.
import { accountId, type NetworkKind, region } from "./state.ts";
import { apiEniAddresses, type VpcAddresses, vpcAddressesOf } from "./vpc/addresses.ts";

/** How many sandboxes may exist on one host at a time. */
export const maxSlots = 100;

/** The addresses and names that belong to one sandbox. */
export interface Addresses {
  readonly slot: number;
  /** Network namespace of the control plane. */
  readonly controlNamespace: string;
  /** Network namespace in which AWS answers: the control plane's, or the internet's where there is one. */
  readonly awsNamespace: string;
  /** Network namespace of the machine. */
  readonly machineNamespace: string;
  /** An address of {@link awsNamespace} itself. */
  readonly control: string;
  /** Where kube-apiserver listens for the machine, port 443. */
  readonly api: string;
  /** Where AWS listens, port 443. */
  readonly aws: string;
  /** Where Lambda's API listens, port 443: an address of the host. */
  readonly lambda: string;
  /** The pod of cluster DNS in the VPC. */
  readonly dnsPod: string;
  /** The pod of an application in the VPC. */
  readonly appPod: string;
  /** The machine's address, which is the node's InternalIP. */
  readonly node: string;
  /** Prefix length of the network that holds the addresses above. */
  readonly prefixLength: number;
  /** The machine's link with the host: its way to apt, unless it is behind a NAT. Then only the tests use it. */
  readonly uplink: PointToPoint;
  /** The host's way to the API server and AWS: the host's end and the control plane's. */
  readonly access: PointToPoint;
  /** Undefined where machine, control plane and AWS share one network. */
  readonly vpc: VpcAddresses | undefined;
}

/** One link between the host and a namespace of the sandbox. */
export interface PointToPoint {
  /** Name of the interface on the host. */
  readonly hostInterface: string;
  readonly host: string;
  readonly inside: string;
  readonly prefixLength: number;
}

/** The addresses of the sandbox in `slot`: 10.213.SLOT.0/24, and with a VPC 198.18.SLOT.0/24 as public ones. */
export function addressesOf(slot: number, network: NetworkKind = "direct"): Addresses {
  if (!Number.isInteger(slot) || slot < 0 || slot >= maxSlots) {
    throw new RangeError(`sandbox slot ${slot} is not a whole number from 0 to ${maxSlots - 1}`);
  }
  const address = (last: number) => `10.213.${slot}.${last}`;
  const common = {
    slot,
    controlNamespace: `eks-satellite-${slot}-control`,
    machineNamespace: `eks-satellite-${slot}-machine`,
    uplink: { hostInterface: `es${slot}-machine`, host: address(129), inside: address(130), prefixLength: 30 },
    access: { hostInterface: `es${slot}-control`, host: address(133), inside: address(134), prefixLength: 30 },
  };
  if (network === "vpc") return { ...common, ...inVpc(slot) };
  const { controlNamespace: awsNamespace } = common;
  const [control, api, aws, node] = [address(1), address(2), address(3), address(10)];
  const pods = { dnsPod: address(4), appPod: address(5) };
  const lambda = common.access.host;
  return { ...common, awsNamespace, control, api, aws, lambda, ...pods, node, prefixLength: 25, vpc: undefined };
}

function inVpc(slot: number) {
  const vpc = vpcAddressesOf(slot);
  const open = (last: number) => `198.18.${slot}.${last}`;
  const node = `192.168.${100 + slot}.10`;
  return {
    awsNamespace: vpc.internetNamespace,
    lambda: vpc.wayOut.host,
    ...{ control: open(14), api: open(2), aws: open(3), dnsPod: "10.0.3.53", appPod: "10.0.3.80" },
    ...{ node, prefixLength: 24, vpc },
  };
}

/** AWS's own host names that the sandbox answers under. */
export const awsNames = [
  "sts.amazonaws.com",
  "sts.us-east-1.amazonaws.com",
  "eks.us-east-1.amazonaws.com",
  "ec2.us-east-1.amazonaws.com",
  "iam.amazonaws.com",
  "ssm.us-east-1.amazonaws.com",
  "rolesanywhere.us-east-1.amazonaws.com",
  "api.ecr.us-east-1.amazonaws.com",
] as const;

/** Where Lambda's API is. */
export const lambdaName = "cloud.lambda.ai";

/** Where AWS answers with the address that the question came from. */
export const ownAddressName = "checkip.amazonaws.com";

/** The account's registry, as ECR names it. */
export const registryName = `${accountId}.dkr.ecr.${region}.amazonaws.com`;

/** The host name of an EKS endpoint, as EKS forms it from the cluster's id. */
export function endpointName(clusterId: string): string {
  return `${clusterId}.gr7.us-east-1.eks.amazonaws.com`;
}

/** Where a name is looked up: with a private endpoint, EKS's leads to the control plane's network interfaces in the VPC. */
export type Place = "outside" | "in the VPC";

/** The hosts file for everything in the sandbox: AWS's names and the cluster's endpoint lead to its own addresses. */
export function renderHosts(
  addresses: Addresses,
  clusterId: string,
  hostname: string,
  place: Place = "outside",
): string {
  const api = place === "outside" ? [addresses.api] : apiEniAddresses;
  return [
    `127.0.0.1 localhost ${hostname}`,
    "::1 localhost ip6-localhost ip6-loopback",
    `${addresses.aws} ${[...awsNames, registryName].join(" ")}`,
    `${addresses.lambda} ${lambdaName} ${ownAddressName}`,
    ...api.map((address) => `${address} ${endpointName(clusterId)}`),
    "",
  ].join("\n");
}
