// Every address and name of one sandbox, computed from its slot number, so that two sandboxes never share one.
import { accountId, region } from "./state.ts";

/** How many sandboxes may exist on one host at a time. */
export const maxSlots = 100;

/** The addresses and names that belong to one sandbox. */
export interface Addresses {
  readonly slot: number;
  /** Network namespace of the control plane and AWS. */
  readonly controlNamespace: string;
  /** Network namespace of the machine. */
  readonly machineNamespace: string;
  /** The control plane's end of its link with the machine. */
  readonly control: string;
  /** Where kube-apiserver listens, port 443. */
  readonly api: string;
  /** Where AWS listens, port 443. */
  readonly aws: string;
  /** The machine's address, which is the node's InternalIP. */
  readonly node: string;
  /** Prefix length of the network that holds the four addresses above. */
  readonly prefixLength: number;
  /** The machine's uplink, its way to apt: the host's end and the machine's. */
  readonly uplink: PointToPoint;
  /** The host's way to the API server and AWS: the host's end and the control plane's. */
  readonly access: PointToPoint;
}

/** One link between the host and a namespace of the sandbox. */
export interface PointToPoint {
  /** Name of the interface on the host. */
  readonly hostInterface: string;
  readonly host: string;
  readonly inside: string;
  readonly prefixLength: number;
}

/** The addresses of the sandbox in `slot`, all inside 10.213.SLOT.0/24. */
export function addressesOf(slot: number): Addresses {
  if (!Number.isInteger(slot) || slot < 0 || slot >= maxSlots) {
    throw new RangeError(`sandbox slot ${slot} is not a whole number from 0 to ${maxSlots - 1}`);
  }
  const address = (last: number) => `10.213.${slot}.${last}`;
  return {
    slot,
    controlNamespace: `eks-satellite-${slot}-control`,
    machineNamespace: `eks-satellite-${slot}-machine`,
    control: address(1),
    api: address(2),
    aws: address(3),
    node: address(10),
    prefixLength: 25,
    uplink: { hostInterface: `es${slot}-machine`, host: address(129), inside: address(130), prefixLength: 30 },
    access: { hostInterface: `es${slot}-control`, host: address(133), inside: address(134), prefixLength: 30 },
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

/** The account's registry, as ECR names it. */
export const registryName = `${accountId}.dkr.ecr.${region}.amazonaws.com`;

/** The host name of an EKS endpoint, as EKS forms it from the cluster's id. */
export function endpointName(clusterId: string): string {
  return `${clusterId}.gr7.us-east-1.eks.amazonaws.com`;
}

/** The hosts file for everything in the sandbox: AWS's names and the cluster's endpoint lead to its own addresses. */
export function renderHosts(addresses: Addresses, clusterId: string, hostname: string): string {
  return [
    `127.0.0.1 localhost ${hostname}`,
    "::1 localhost ip6-localhost ip6-loopback",
    `${addresses.aws} ${[...awsNames, registryName].join(" ")}`,
    `${addresses.api} ${endpointName(clusterId)}`,
    "",
  ].join("\n");
}
