// The cluster's VPC: what is made of it in AWS, and the file in which AWS says what it is by now.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { NetworkKind } from "../state.ts";
import { apiEniAddresses, elasticAddresses } from "./addresses.ts";

/** A subnet. Private ones have a route table of their own, without a way to the internet. */
interface SubnetPlan {
  readonly name: string;
  readonly cidr: string;
  readonly zone: string;
  readonly private?: boolean;
  /** Whether the cluster was made with it. */
  readonly cluster: boolean;
}

/** What AWS makes at its start. */
export interface VpcPlan {
  readonly cidr: string;
  readonly subnets: readonly SubnetPlan[];
  /** Addresses of the control plane's network interfaces; each lies in one of the subnets. */
  readonly apiAddresses: readonly string[];
  /** Addresses that others already have. */
  readonly takenAddresses: readonly string[];
  /** Where Elastic IPs come from. */
  readonly elasticAddresses: string;
}

/** The VPC of each shape of the sandbox's network. */
export const vpcPlans: Readonly<Record<NetworkKind, VpcPlan>> = {
  direct: {
    cidr: "10.0.0.0/16",
    subnets: [{ name: "sandbox-a", cidr: "10.0.2.0/24", zone: "us-east-1a", cluster: true }],
    apiAddresses: [],
    takenAddresses: ["10.0.2.27"],
    elasticAddresses,
  },
  vpc: {
    cidr: "10.0.0.0/16",
    subnets: [
      { name: "sandbox-public-a", cidr: "10.0.1.0/24", zone: "us-east-1a", cluster: true },
      { name: "sandbox-private-b", cidr: "10.0.2.0/24", zone: "us-east-1b", private: true, cluster: true },
      { name: "sandbox-public-b", cidr: "10.0.3.0/24", zone: "us-east-1b", cluster: false },
    ],
    apiAddresses: apiEniAddresses,
    takenAddresses: [],
    elasticAddresses,
  },
};

/** One rule of a security group. Protocol "-1" is all; `cidr` or `group` says who. */
export interface CloudRule {
  readonly protocol: string;
  readonly fromPort: number | null;
  readonly toPort: number | null;
  readonly cidr: string | null;
  readonly group: string | null;
}

export interface CloudSecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly ingress: readonly CloudRule[];
  readonly egress: readonly CloudRule[];
}

export interface CloudRouteTable {
  readonly id: string;
  /** It is the table of every subnet that no other names. */
  readonly isMain: boolean;
  readonly subnets: readonly string[];
  /** `target` is "local", the id of a gateway (igw-…) or of a network interface (eni-…); null where it is gone. */
  readonly routes: readonly { readonly destination: string; readonly target: string | null }[];
}

export interface CloudInterface {
  readonly id: string;
  /** That of the control plane's is "Amazon EKS CLUSTER". */
  readonly description: string;
  readonly subnet: string;
  readonly mac: string;
  readonly address: string;
  readonly addresses: readonly string[];
  /** An Elastic IP. */
  readonly publicAddress: string | null;
  readonly securityGroups: readonly string[];
  readonly sourceDestCheck: boolean;
  readonly instance: string | null;
  readonly deviceIndex: number | null;
}

/** EC2's states, in the order of a life. */
export type InstanceState = "pending" | "running" | "stopping" | "stopped" | "shutting-down" | "terminated";

export interface CloudInstance {
  readonly id: string;
  readonly state: InstanceState;
  readonly type: string;
  readonly image: string;
  readonly zone: string;
  readonly launchedAt: string;
  /** In base64. */
  readonly userData: string | null;
  /** ARN of the instance profile. */
  readonly instanceProfile: string | null;
  /** Whether the metadata service answers IMDSv2 alone. */
  readonly requiresToken: boolean;
  readonly hopLimit: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Ids of its network interfaces, the primary first. */
  readonly interfaces: readonly string[];
}

/** The network as AWS would route and filter by it now. */
export interface Cloud {
  readonly vpc: string;
  readonly cidrs: readonly string[];
  readonly internetGateways: readonly string[];
  readonly subnets: readonly { readonly id: string; readonly cidr: string; readonly zone: string }[];
  readonly routeTables: readonly CloudRouteTable[];
  readonly securityGroups: readonly CloudSecurityGroup[];
  readonly interfaces: readonly CloudInterface[];
  readonly instances: readonly CloudInstance[];
  /** CIDRs of the cluster's remoteNetworkConfig, nodes' and pods'. */
  readonly remoteNetworks: readonly string[];
  /** Those of nodes. */
  readonly remoteNodeNetworks: readonly string[];
}

/** The file that AWS replaces whenever something in it is another. */
export function cloudPath(folder: string): string {
  return join(folder, "aws", "cloud.json");
}

/** Reads it. @throws Error before AWS has begun */
export async function readCloud(folder: string): Promise<Cloud> {
  return JSON.parse(await readFile(cloudPath(folder), "utf8"));
}
