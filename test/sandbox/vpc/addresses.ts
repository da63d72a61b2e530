// What a sandbox in a VPC has on top of one without: an internet, a NAT in front of the machine, and the cluster's VPC.
import type { PointToPoint } from "../addresses.ts";

/** Where the API server is in the VPC: one network interface of the control plane in each of two subnets. */
export const apiEniAddresses = ["10.0.1.10", "10.0.2.10"] as const;
/** Elastic IPs, of a network that is for documentation alone (RFC 5737): no other host has one. */
export const elasticAddresses = "198.51.100.0/24";
/** Where EC2's metadata service and the VPC's resolver answer, of every instance. */
export const metadataAddress = "169.254.169.254";

/** Prefix length of the network at a provider in which a NAT has its public address. */
export const providerPrefixLength = 28;

export interface VpcAddresses {
  /** Namespace of everything with a public address: AWS answers in it, and it routes between the others. */
  readonly internetNamespace: string;
  /** Namespace of the NAT in front of the machine. */
  readonly natNamespace: string;
  /** Namespace of the VPC's fabric, which every network interface of the VPC is plugged into. */
  readonly fabricNamespace: string;
  /** The internet's way to the host, and on to Debian's packages. */
  readonly wayOut: PointToPoint;
  /** Public addresses that the NAT may have; it begins with the first. */
  readonly natPublic: readonly [string, string, string];
  /** The internet's end of the NAT's link. */
  readonly provider: string;
  /** The internet's and the fabric's ends of the link between them. */
  readonly gateway: { readonly internet: string; readonly fabric: string };
  /** The NAT's address in the machine's network. */
  readonly lanRouter: string;
  /** Another address for the machine, and that of a second machine beside it. */
  readonly lanOthers: readonly [string, string];
}

/** A network interface of an instance, and what the instance calls it. */
export function eniDevice(index: number): string {
  return `ens${5 + index}`;
}

/** The network namespace of an EC2 instance, which {@link attachInstance} makes. */
export function instanceNamespace(slot: number, instanceId: string): string {
  return `eks-satellite-${slot}-${instanceId}`;
}

export function vpcAddressesOf(slot: number): VpcAddresses {
  const open = (last: number) => `198.18.${slot}.${last}`;
  const lan = (last: number) => `192.168.${100 + slot}.${last}`;
  return {
    internetNamespace: `eks-satellite-${slot}-internet`,
    natNamespace: `eks-satellite-${slot}-nat`,
    fabricNamespace: `eks-satellite-${slot}-vpc`,
    wayOut: {
      hostInterface: `es${slot}-internet`,
      host: `10.213.${slot}.137`,
      inside: `10.213.${slot}.138`,
      prefixLength: 30,
    },
    natPublic: [open(17), open(18), open(19)],
    provider: open(30),
    gateway: { internet: open(33), fabric: open(34) },
    lanRouter: lan(1),
    lanOthers: [lan(11), lan(20)],
  };
}
