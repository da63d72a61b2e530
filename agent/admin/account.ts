// The account that an administrator works in, and how calls to EC2 are made and explained there.

import { explainAwsError } from "../aws/aws-error.ts";
import { SatelliteError } from "../errors.ts";
import { optional } from "../optional.ts";
import { callAws, type Question } from "./aws-call.ts";
import { type Administrator, readKeys } from "./cluster-access.ts";

export interface Account {
  readonly region: string;
  /** Twelve digits. */
  readonly number: string;
  readonly partition: string;
  /** ARN that GetCallerIdentity returns. */
  readonly callerArn: string;
  /**
   * Makes a call to EC2; `resource` is what follows `arn:…:` in the ARN, or `*`.
   * @throws aws-forbidden, aws-refused and what EC2's own codes stand for: subnet-not-found, subnet-full, security-group-not-found, vpc-mismatch
   */
  readonly ask: <T>(action: string, resource: string, call: () => Promise<T>) => Promise<T>;
}

/** @throws credentials-missing, credentials-expired, aws-unreachable, … */
export async function openAccount({ aws, adminAws }: Administrator, region: string): Promise<Account> {
  const callerArn = await aws.getCallerIdentity(await readKeys(adminAws)).catch((cause: unknown) => {
    throw explainAwsError(cause, "sts:GetCallerIdentity", {
      code: "aws-forbidden",
      hint: "Allow sts:GetCallerIdentity.",
    });
  });
  return accountOf(callerArn, region);
}

/** The account of a caller who is known. */
export function accountOf(callerArn: string, region: string): Account {
  const [, partition = "aws", , , number = ""] = callerArn.split(":");
  return {
    region,
    number,
    partition,
    callerArn,
    ask: async (action, path, call) => {
      const resource = path === "*" ? "*" : `arn:${partition}:ec2:${region}:${number}:${path}`;
      const question = { action, resource, caller: callerArn };
      return call().catch((cause: unknown) => {
        explainEc2(cause, question);
        return callAws(question, () => Promise.reject(cause));
      });
    },
  };
}

/** EC2's codes (EC2 API reference, "Error codes"), each with what to do about it; callAws explains the others. */
const EC2_CODES: Readonly<Record<string, readonly [code: string, hint: string]>> = {
  "InvalidSubnetID.NotFound": ["subnet-not-found", "aws ec2 describe-subnets lists the subnets of the region."],
  "InvalidGroup.NotFound": [
    "security-group-not-found",
    "aws ec2 describe-security-groups lists them; it must be of the subnet's VPC.",
  ],
  "InvalidSecurityGroupID.NotFound": [
    "security-group-not-found",
    "aws ec2 describe-security-groups lists them; it must be of the subnet's VPC.",
  ],
  InsufficientFreeAddressesInSubnet: ["subnet-full", "Use another subnet of the VPC."],
  NetworkInterfaceLimitExceeded: [
    "eni-limit",
    "The region has as many network interfaces as the account may have: delete some, or ask AWS for more.",
  ],
  "InvalidNetworkInterfaceID.NotFound": ["eni-not-found", "It is gone already: eks-satellite eni list."],
  AddressLimitExceeded: [
    "address-limit",
    "The region has as many Elastic IPs as the account may have (five at first): release one, or ask AWS for more.",
  ],
  VcpuLimitExceeded: ["instance-limit", "Give a smaller --instance-type, or ask AWS for more vCPUs in the region."],
  InsufficientInstanceCapacity: [
    "instance-capacity",
    "AWS has no such instance free in that availability zone: give another --instance-type or --subnet, or run this again later.",
  ],
  Unsupported: ["instance-type", "Give an --instance-type that the subnet's availability zone has."],
  RouteLimitExceeded: [
    "route-limit",
    "A route table has as many routes as it may have: remove some, or ask AWS for more.",
  ],
  RulesPerSecurityGroupLimitExceeded: [
    "rule-limit",
    "A security group has as many rules as it may have: remove some, or ask AWS for more.",
  ],
};

/** Throws an error for the codes that only EC2 has. A policy may deny another action than the one that was called, such as ec2:CreateTags or iam:PassRole. */
function explainEc2(cause: unknown, { caller }: Question): undefined {
  const { name = "", message = "" } = cause as { name?: string; message?: string };
  const [code, hint] = EC2_CODES[name] ?? [];
  if (code !== undefined) throw new SatelliteError(code, message, { ...optional({ hint }), cause });
  const [, action, resource] = /perform: (\w+:\w+) on resource: (arn:\S+)/.exec(message) ?? [];
  if (name !== "UnauthorizedOperation" || action === undefined) return;
  throw new SatelliteError("aws-forbidden", `${action} on ${resource} was denied`, {
    hint: `Allow ${action} on ${resource} to ${caller}.`,
    cause,
  });
}
