// What to choose from in a cluster's VPC, for an option that is missing: its subnets and its security groups, by id.
import { describe, SatelliteError } from "../../errors.ts";
import type { Aws } from "../../host/aws.ts";
import type { Ec2 } from "../../host/ec2.ts";
import type { Account } from "../account.ts";
import { type Administrator, readKeys } from "../cluster-access.ts";

export interface ChoiceContext {
  readonly aws: Pick<Aws, "describeCluster">;
  readonly adminAws: Administrator["adminAws"];
  readonly ec2: Pick<Ec2, "listSubnets" | "listSecurityGroups">;
  readonly account: Account;
}

type Kind = "subnet" | "security-group";

/** More do not help the user. */
const MAX_SHOWN = 20;

/** The error for a missing option: what can be given, or how to find it where that may not be read. */
export async function missingNetworkOption(
  context: ChoiceContext,
  { cluster, kind }: { readonly cluster: string; readonly kind: Kind },
): Promise<SatelliteError> {
  const { region } = context.account;
  const problem = `--${kind} is missing`;
  try {
    const choices = await readChoices(context, cluster, kind);
    return new SatelliteError("options-invalid", problem, { hint: choices });
  } catch (cause) {
    return new SatelliteError(
      "options-invalid",
      `${problem}, and what could be given is not known: ${describe(cause).message}`,
      {
        hint: `aws eks describe-cluster --region ${region} --name ${cluster} --query cluster.resourcesVpcConfig shows the cluster's.`,
      },
    );
  }
}

/** @throws what AWS answers; Error, when the cluster has no VPC */
async function readChoices(
  { aws, adminAws, ec2, account }: ChoiceContext,
  cluster: string,
  kind: Kind,
): Promise<string> {
  const { vpc } = await aws.describeCluster(await readKeys(adminAws), cluster);
  if (vpc === undefined) throw new Error(`DescribeCluster ${cluster} names no VPC`);
  const of = `of ${vpc.id}, the VPC of cluster ${cluster}`;
  if (kind === "subnet") {
    const subnets = await account.ask("ec2:DescribeSubnets", "*", () => ec2.listSubnets(vpc.id));
    const shown = subnets
      .toSorted((one, other) => compare(one.availabilityZone + one.id, other.availabilityZone + other.id))
      .map(({ id, availabilityZone, freeAddresses }) => {
        const own = vpc.subnetIds.includes(id) ? ", the cluster's" : "";
        return `${id} (${availabilityZone}, ${freeAddresses} free addresses${own})`;
      });
    return `Give one ${of}: ${list(shown)}.`;
  }
  const groups = await account.ask("ec2:DescribeSecurityGroups", "*", () => ec2.listSecurityGroups(vpc.id));
  const shown = groups
    .toSorted(
      (one, other) =>
        Number(other.id === vpc.securityGroupId) - Number(one.id === vpc.securityGroupId) ||
        compare(one.name, other.name),
    )
    .map(({ id, name }) => `${id} (${name}${id === vpc.securityGroupId ? ", the cluster's" : ""})`);
  return `Give one ${of}, or more: ${list(shown)}.`;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function list(items: readonly string[]): string {
  if (items.length === 0) return "there is none";
  const more = items.length > MAX_SHOWN ? `, and ${items.length - MAX_SHOWN} more` : "";
  return items.slice(0, MAX_SHOWN).join(", ") + more;
}
