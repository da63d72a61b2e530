// What `eni` prints: plans, tables, and documents for `--output json`.
import type { Account } from "../admin/account.ts";
import { CLUSTER_TAG, type EniPlan, tagsOf } from "../admin/eni.ts";
import { fargateNodeName, type SuffixForm } from "../config/fargate-name.ts";
import type { NetworkInterface } from "../host/ec2.ts";
import { fargateProviderId } from "../plan/node-identity.ts";
import { renderTable } from "../table.ts";
import type { EniOptions } from "./eni-options.ts";

interface PlanRequest {
  readonly cluster: string;
  readonly subnet: string;
  readonly securityGroup: readonly string[];
  readonly name?: string;
}

/** Renders what `eni create` would do. */
export function renderPlan(plan: EniPlan, { subnet: id, securityGroup, name, cluster }: PlanRequest): string {
  if (plan.kind === "present") return `${plan.eni.id} has the name ${name} already: nothing to do\n`;
  const { subnet, notes } = plan;
  const where =
    subnet === undefined
      ? ""
      : ` (${subnet.availabilityZone}, ${subnet.vpcId}, ${subnet.freeAddresses} free addresses)`;
  const tags = Object.entries(tagsOf({ cluster, name })).map((tag) => tag.join("="));
  return [
    `A network interface in ${id}${where} with ${securityGroup.join(", ")}, tagged ${tags.join(", ")}\n`,
    ...notes.map((note) => `! ${note}\n`),
  ].join("");
}

/** Renders the commands that come after `eni create`. */
export function renderNextSteps(
  eni: NetworkInterface,
  { cluster, region, suffix }: EniOptions & Pick<PlanRequest, "cluster">,
  account: Account,
): string {
  const name = fargateNodeName(eni.privateIp, region, suffix);
  const where = `--cluster ${cluster} --region ${region}`;
  return [
    `node name   ${name}\n`,
    `providerID  ${fargateProviderId({ name: cluster, region }, eni.id)}\n\n`,
    `Authorize user:  eks-satellite authorize ${where} --identity fargate --user-arn arn:${account.partition}:iam::${account.number}:user/USER --node-name ${name}\n`,
    `On the machine:  sudo eks-satellite configure ${where} --identity fargate --eni ${eni.id} --node-name ${name}\n`,
  ].join("");
}

const HEADING = [
  "ENI ID",
  "NAME",
  "STATUS",
  "PRIVATE IP",
  "PRIVATE DNS",
  "VPC ID",
  "SUBNET ID",
  "AZ",
  "SGS",
  "CLUSTER",
  "NODE NAME",
];

/** Renders a table of interfaces, with the names of their nodes. */
export function renderEnis(enis: readonly NetworkInterface[], { region, suffix }: EniOptions): string {
  const rows = enis.map((eni) => [
    eni.id,
    eni.tags.Name ?? "",
    eni.status,
    eni.privateIp,
    eni.privateDnsName,
    eni.vpcId,
    eni.subnetId,
    eni.availabilityZone,
    eni.securityGroupIds.join(","),
    eni.tags[CLUSTER_TAG] ?? "",
    nodeNameOf(eni, region, suffix) ?? "",
  ]);
  return renderTable([HEADING, ...rows]);
}

/** Describes an interface for `--output json`. */
export function describeEni(eni: NetworkInterface, { region, suffix }: EniOptions) {
  const cluster = eni.tags[CLUSTER_TAG] ?? "";
  return {
    ...eni,
    cluster,
    nodeName: nodeNameOf(eni, region, suffix),
    providerId: fargateProviderId({ name: cluster, region }, eni.id),
  };
}

/** An interface of an IPv6-only subnet has no IPv4 address, and so no name. It is listed when a user tagged it. */
function nodeNameOf({ privateIp }: NetworkInterface, region: string, suffix: SuffixForm): string | undefined {
  return privateIp === "" ? undefined : fargateNodeName(privateIp, region, suffix);
}

/** Renders a document for `--output json`. */
export function renderJson(document: object): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
