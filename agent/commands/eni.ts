// `eks-satellite eni create|list|delete`: network interfaces whose addresses name the nodes of identity fargate.

import type { Command } from "commander";
import { openAccount } from "../admin/account.ts";
import { missingNetworkOption } from "../admin/clusters/network-choices.ts";
import { deleteEni, type EniContext, listEnis, planEni, readDeletableEni } from "../admin/eni.ts";
import { CHANGE_EXIT, checkCluster } from "./admin-changes.ts";
import { type ChainOptions, type EniAdmin, loadEniAdmin } from "./admin-clients.ts";
import type { Confirm, LaptopContext, Print } from "./context.ts";
import { addEniOptions, checkId, checkName, checkRegion, type EniOptions } from "./eni-options.ts";
import { describeEni, renderEnis, renderJson, renderNextSteps, renderPlan } from "./eni-output.ts";
import { collect } from "./options.ts";

export interface EniCommandContext {
  /** Loads AWS's clients; bad input is reported before. */
  readonly openAdmin: () => Promise<EniAdmin>;
  /** Asks the user; undefined without a terminal. */
  readonly confirm: Confirm | undefined;
}

export interface CreateOptions extends EniOptions {
  readonly cluster: string;
  readonly subnet?: string;
  readonly securityGroup: readonly string[];
  readonly name?: string;
  readonly yes: boolean;
}

export interface ListOptions extends EniOptions {
  readonly cluster?: string;
}

export interface DeleteOptions extends ListOptions {
  readonly yes: boolean;
  readonly dryRun: boolean;
}

/** Adds `eni create`, `eni list` and `eni delete`. */
export function register(program: Command, context: LaptopContext): void {
  const eni = program
    .command("eni")
    .description("administrator: network interfaces whose addresses name the nodes of identity fargate");
  registerCreate(eni, context);
  registerList(eni, context);
  registerDelete(eni, context);
}

function registerCreate(eni: Command, { host, confirm, print, exitWith }: LaptopContext): void {
  addEniOptions(eni.command("create"))
    .description("create one, or find the one of the same --name; exit 0 done, 1 error, 2 not confirmed")
    .requiredOption("--cluster <name>", "name of the EKS cluster")
    .option("--subnet <id>", "subnet of the cluster's VPC that gives the address; without it they are listed")
    .option(
      "--security-group <id>",
      "security group of that VPC; may be repeated; without it they are listed",
      collect,
      [],
    )
    .option("--name <name>", "name of the interface, unique in its cluster")
    .option("--yes", "do not ask for confirmation", false)
    .action(async (options: CreateOptions & ChainOptions) => {
      const openAdmin = () => loadEniAdmin(host, options);
      exitWith(await createEniCommand({ openAdmin, confirm }, options, print));
    });
}

function registerList(eni: Command, { host, confirm, print, exitWith }: LaptopContext): void {
  addEniOptions(eni.command("list"))
    .description("list the interfaces that create made, with the names of their nodes")
    .option("--cluster <name>", "only those of this cluster")
    .action(async (options: ListOptions & ChainOptions) => {
      const openAdmin = () => loadEniAdmin(host, options);
      exitWith(await listEniCommand({ openAdmin, confirm }, options, print));
    });
}

function registerDelete(eni: Command, { host, confirm, print, exitWith }: LaptopContext): void {
  addEniOptions(eni.command("delete"))
    .description("delete interfaces that create made, unless attached; exit 0 done, 1 error, 2 not confirmed")
    .argument("<eni...>", "ids of the interfaces")
    .option("--cluster <name>", "refuse those of other clusters")
    .option("--yes", "do not ask for confirmation", false)
    .option("--dry-run", "show what would be deleted, and delete nothing", false)
    .action(async (ids: readonly string[], options: DeleteOptions & ChainOptions) => {
      const openAdmin = () => loadEniAdmin(host, options);
      exitWith(await deleteEniCommand({ openAdmin, confirm }, ids, options, print));
    });
}

/** Creates an interface, or finds the one of this name; returns the exit code. @throws what planEni does, options-invalid */
export async function createEniCommand(
  { openAdmin, confirm }: EniCommandContext,
  options: CreateOptions,
  print: Print,
): Promise<number> {
  const { cluster, subnet, securityGroup, name, output } = options;
  checkCluster(options);
  if (subnet !== undefined) checkId("subnet", subnet, "--subnet");
  for (const id of securityGroup) checkId("sg", id, "--security-group");
  if (name !== undefined) checkName(name);
  const admin = await openAdmin();
  const context = await openContext(admin, options.region);
  if (subnet === undefined) throw await missingNetworkOption({ ...admin, ...context }, { cluster, kind: "subnet" });
  if (securityGroup.length === 0)
    throw await missingNetworkOption({ ...admin, ...context }, { cluster, kind: "security-group" });
  const wanted = { cluster, subnetId: subnet, securityGroupIds: securityGroup, name };
  const plan = await planEni(context, wanted);
  const say = (text: string) => (output === "text" ? print(text) : undefined);
  say(renderPlan(plan, { ...options, subnet }));
  if (plan.kind === "absent" && !options.yes && !(await isConfirmed(confirm, output, "Create it? [y/N] ", print)))
    return CHANGE_EXIT.refused;
  const eni = plan.kind === "present" ? plan.eni : await plan.create();
  if (output === "json") print(renderJson({ created: plan.kind === "absent", ...describeEni(eni, options) }));
  else print(`${renderEnis([eni], options)}\n${renderNextSteps(eni, options, context.account)}`);
  return CHANGE_EXIT.done;
}

/** Lists the interfaces that carry our tags. */
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

/** Deletes interfaces of ours, after all of them were checked. @throws eni-not-found, eni-foreign, eni-attached */
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
  const report = (deleted: boolean) => {
    if (options.output === "json")
      print(renderJson({ deleted, networkInterfaces: found.map((eni) => describeEni(eni, options)) }));
  };
  say(renderEnis(found, options));
  if (options.dryRun) {
    report(false);
    return CHANGE_EXIT.done;
  }
  const question = "Their addresses, and so the names of their nodes, are free for anyone then. Delete them? [y/N] ";
  if (!options.yes && !(await isConfirmed(confirm, options.output, question, print))) return CHANGE_EXIT.refused;
  for (const { id } of found) {
    await deleteEni(context, id);
    say(`✓ ${id} is deleted\n`);
  }
  report(true);
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
  const message = "nothing was changed: there is no terminal to ask for confirmation. --yes makes the change";
  print(output === "text" ? `${message}\n` : renderJson({ applied: false, message }));
  return false;
}
