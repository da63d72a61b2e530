// `eks-satellite eni create|list|delete`: an administrator's work on the network interfaces after which nodes are named.

import { type Account, openAccount } from "../admin/account.ts";
import type { Administrator } from "../admin/cluster-access.ts";
import {
  CLUSTER_TAG,
  deleteEni,
  type EniContext,
  type EniPlan,
  listEnis,
  planEni,
  readDeletableEni,
  tagsOf,
} from "../admin/eni.ts";
import { fargateNodeName, type SuffixForm } from "../config/fargate-name.ts";
import { SatelliteError } from "../errors.ts";
import type { Ec2, NetworkInterface } from "../host/ec2.ts";
import { fargateProviderId } from "../plan/node-identity.ts";
import { CHANGE_EXIT, checkCluster } from "./admin-changes.ts";
import { checkId, checkName, checkRegion } from "./eni-options.ts";
import { renderTable } from "./table.ts";

export interface EniAdmin extends Administrator {
  readonly ec2: Ec2;
}

export interface EniCommandContext {
  /** AWS's clients are loaded for it: bad input is told before. */
  readonly openAdmin: () => Promise<EniAdmin>;
  /** Asks a person; undefined when there is nobody to ask. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
}

interface SharedOptions {
  readonly region: string;
  readonly suffix: SuffixForm;
  readonly output: "text" | "json";
}

export interface CreateOptions extends SharedOptions {
  readonly cluster: string;
  readonly subnet: string;
  readonly securityGroup: readonly string[];
  readonly name?: string;
  readonly yes: boolean;
}

export interface ListOptions extends SharedOptions {
  readonly cluster?: string;
}

export interface DeleteOptions extends ListOptions {
  readonly yes: boolean;
  readonly dryRun: boolean;
}

type Print = (text: string) => void;

/** Makes one, or finds the one of this name; returns the exit code. @throws what planEni does, options-invalid */
export async function createEniCommand(
  { openAdmin, confirm }: EniCommandContext,
  options: CreateOptions,
  print: Print,
): Promise<number> {
  const { cluster, subnet, securityGroup, name, output } = options;
  checkCluster(options);
  checkId("subnet", subnet, "--subnet");
  if (securityGroup.length === 0)
    throw new SatelliteError("options-invalid", "--security-group is missing", {
      hint: "Give the cluster's: aws eks describe-cluster --query cluster.resourcesVpcConfig.clusterSecurityGroupId.",
    });
  for (const id of securityGroup) checkId("sg", id, "--security-group");
  if (name !== undefined) checkName(name);
  const context = await openContext(await openAdmin(), options.region);
  const wanted = { cluster, subnetId: subnet, securityGroupIds: securityGroup, name };
  const plan = await planEni(context, wanted);
  const say = (text: string) => (output === "text" ? print(text) : undefined);
  say(renderPlan(plan, options));
  if (plan.kind === "absent" && !options.yes && !(await isConfirmed(confirm, output, "Create it? [y/N] ", print)))
    return CHANGE_EXIT.refused;
  const eni = plan.kind === "present" ? plan.eni : await plan.create();
  if (output === "json") print(renderJson({ created: plan.kind === "absent", ...describeEni(eni, options) }));
  else print(`${renderEnis([eni], options)}\n${renderNextSteps(eni, options, context.account)}`);
  return CHANGE_EXIT.done;
}

/** Lists ours. */
export async function listEniCommand(
  { openAdmin }: EniCommandContext,
  options: ListOptions,
  print: Print,
): Promise<number> {
  checkRegion(options.region);
  const found = await listEnis(await openContext(await openAdmin(), options.region), options.cluster);
  if (options.output === "json")
    print(renderJson({ networkInterfaces: found.map((eni) => describeEni(eni, options)) }));
  else print(found.length === 0 ? `no network interface in ${options.region} is ours\n` : renderEnis(found, options));
  return CHANGE_EXIT.done;
}

/** Deletes ours; all are looked at before the first one goes. @throws eni-not-found, eni-foreign, eni-attached */
export async function deleteEniCommand(
  { openAdmin, confirm }: EniCommandContext,
  ids: readonly string[],
  options: DeleteOptions,
  print: Print,
): Promise<number> {
  checkRegion(options.region);
  for (const id of ids) checkId("eni", id, "ENI");
  const context = await openContext(await openAdmin(), options.region);
  const found = await Promise.all([...new Set(ids)].map((id) => readDeletableEni(context, id, options.cluster)));
  const say = (text: string) => (options.output === "text" ? print(text) : undefined);
  const tell = (deleted: boolean) => {
    if (options.output === "json")
      print(renderJson({ deleted, networkInterfaces: found.map((eni) => describeEni(eni, options)) }));
  };
  say(renderEnis(found, options));
  if (options.dryRun) {
    tell(false);
    return CHANGE_EXIT.done;
  }
  const question = "Their addresses, and so the names of their nodes, are anybody's then. Delete them? [y/N] ";
  if (!options.yes && !(await isConfirmed(confirm, options.output, question, print))) return CHANGE_EXIT.refused;
  for (const { id } of found) {
    await deleteEni(context, id);
    say(`✓ ${id} is deleted\n`);
  }
  tell(true);
  return CHANGE_EXIT.done;
}

async function openContext(admin: EniAdmin, region: string): Promise<EniContext> {
  return { ec2: admin.ec2, account: await openAccount(admin, region) };
}

async function isConfirmed(
  confirm: EniCommandContext["confirm"],
  output: "text" | "json",
  question: string,
  print: Print,
): Promise<boolean> {
  if (output === "text" && confirm !== undefined) return confirm(question);
  const message = "nothing was changed: nobody is there to be asked. --yes makes the change";
  print(output === "text" ? `${message}\n` : renderJson({ applied: false, message }));
  return false;
}

function renderPlan(plan: EniPlan, { subnet: id, securityGroup, name, cluster }: CreateOptions): string {
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

function renderNextSteps(eni: NetworkInterface, { cluster, region, suffix }: CreateOptions, account: Account): string {
  const name = fargateNodeName(eni.privateIp, region, suffix);
  const where = `--cluster ${cluster} --region ${region}`;
  return [
    `node name   ${name}\n`,
    `providerID  ${fargateProviderId({ name: cluster, region }, eni.id)}\n\n`,
    `Let a user in:   eks-satellite authorize ${where} --identity fargate --user-arn arn:${account.partition}:iam::${account.number}:user/USER --node-name ${name}\n`,
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

function renderEnis(enis: readonly NetworkInterface[], { region, suffix }: SharedOptions): string {
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

function describeEni(eni: NetworkInterface, { region, suffix }: SharedOptions) {
  const cluster = eni.tags[CLUSTER_TAG] ?? "";
  return {
    ...eni,
    cluster,
    nodeName: nodeNameOf(eni, region, suffix),
    providerId: fargateProviderId({ name: cluster, region }, eni.id),
  };
}

/** An interface of an IPv6-only subnet that somebody tagged has no address to be named after. */
function nodeNameOf({ privateIp }: NetworkInterface, region: string, suffix: SuffixForm): string | undefined {
  return privateIp === "" ? undefined : fargateNodeName(privateIp, region, suffix);
}

function renderJson(document: object): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
