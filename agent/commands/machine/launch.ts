// `eks-satellite machine launch`: a machine of Lambda Cloud that is a Node of a cluster, by one plan, one question and one way back.
import type { Command } from "commander";
import type { Administrator } from "../../admin/cluster-access.ts";
import type { LambdaApi } from "../../admin/lambda/api.ts";
import { describePrice, type LaunchState, planLaunch, planRuleset, planSshKey } from "../../admin/machine/changes.ts";
import { LaunchFailure, type LaunchOutcome, launchMachine } from "../../admin/machine/launch.ts";
import { joinBySsh } from "../../admin/machine/ssh.ts";
import { describe, SatelliteError } from "../../errors.ts";
import { checkCluster, renderProposal } from "../admin-changes.ts";
import { loadAdmin, readChainKeys } from "../admin-clients.ts";
import type { LaptopContext } from "../context.ts";
import type { UserDataContext } from "../user-data/user-data.ts";
import { LAUNCH_EXIT } from "./launch-exit.ts";
import { addLaunchOptions, checkLaunchOptions, type LaunchOptions } from "./launch-options.ts";
import { openLambda } from "./options.ts";
import { type Prepared, prepareLaunch } from "./prepare.ts";

export interface MachineContext extends UserDataContext, Pick<LaptopContext, "confirm" | "stopSignal"> {
  readonly openAdmin: () => Promise<Administrator>;
  readonly openLambda: () => Promise<LambdaApi>;
}

/** Adds `machine launch`. */
export function registerLaunch(machine: Command, context: LaptopContext): void {
  addLaunchOptions(machine.command("launch"))
    .argument("<name>", "name of the machine, its host, its Node and its role session")
    .description(
      "administrator: launch a machine at Lambda that joins a cluster; exit 0 done, 1 error, 2 not confirmed or not Ready in time, 4 no capacity",
    )
    .action(async (name: string, options: LaunchOptions) => {
      const ofOptions = {
        openAdmin: () => loadAdmin(context.host, options),
        openLambda: () => openLambda(context, options),
        readKeys: () => readChainKeys(options),
      };
      context.exitWith(await launchCommand({ ...context, ...ofOptions }, name, options));
    });
}

/** Shows the plan, asks, and follows it; returns the exit code. @throws what prepareLaunch and launchMachine do, interrupted */
export async function launchCommand(context: MachineContext, name: string, options: LaunchOptions): Promise<number> {
  checkLaunchOptions(name, options);
  checkCluster(options);
  const isText = options.output === "text";
  const say = (line: string) => (isText ? context.print : context.printError)(`${line.trimEnd()}\n`);
  const lambda = await context.openLambda();
  const admin = await context.openAdmin();
  const prepared = await prepareLaunch({ ...context, lambda, admin, say }, name, options);
  showPlan(prepared, { lambda, say, context });
  const finish = (outcome: LaunchOutcome | undefined) => {
    if (!isText) context.print(renderJson(prepared, name, outcome));
  };
  if (options.dryRun) {
    finish(undefined);
    return LAUNCH_EXIT.done;
  }
  if (!options.yes && !(await isConfirmed(context, prepared, { name, isText, say }))) {
    finish(undefined);
    return LAUNCH_EXIT.refused;
  }
  const outcome = await follow(context, { prepared, name, options, lambda, say });
  finish(outcome);
  return report(outcome, { name, say, prepared, readySeconds: options.wait });
}

/** A change's diff is the same whether it is applied or not. */
function showPlan(
  { access, spec, accessChanges, notes }: Prepared,
  { lambda, say, context }: { lambda: LambdaApi; say: (line: string) => void; context: MachineContext },
): void {
  const { type, allowed = ["all regions"], withCapacity } = spec.plan;
  const region = withCapacity[0] ?? `the first of ${allowed.join(", ")} with capacity`;
  const state: LaunchState = { region, rulesetId: undefined, machineId: undefined };
  const wait = { clock: context.host.clock, say, signal: context.stopSignal };
  const gpu = type.gpuDescription === undefined ? "" : ` × ${type.gpuDescription}`;
  say(
    `${type.name} in ${region}: ${type.gpus}${gpu}, ${type.vcpus} vCPU, ${type.memoryGib} GiB, ${describePrice(type.centsPerHour)}`,
  );
  const changes = [
    ...[...accessChanges, ...planSshKey(lambda, spec), ...planRuleset(lambda, spec, state)],
    planLaunch(lambda, spec, state, wait),
  ];
  say(renderProposal({ access, changes, notes }));
}

async function isConfirmed(
  { confirm }: MachineContext,
  { spec }: Prepared,
  { name, isText, say }: { name: string; isText: boolean; say: (line: string) => void },
): Promise<boolean> {
  if (confirm === undefined || !isText) {
    say("nothing was made: there is no terminal to ask for confirmation. --yes launches");
    return false;
  }
  const price = describePrice(spec.plan.type.centsPerHour);
  return confirm(`Launch? It costs ${price} until \`${terminateCommand(name)}\`. [y/N] `);
}

interface Following {
  readonly prepared: Prepared;
  readonly name: string;
  readonly options: LaunchOptions;
  readonly lambda: LambdaApi;
  readonly say: (line: string) => void;
}

async function follow(context: MachineContext, following: Following): Promise<LaunchOutcome> {
  const { prepared, options, lambda, say } = following;
  const wait = { clock: context.host.clock, say, signal: context.stopSignal };
  const join = async (address: string) => {
    const target = { address, user: options.sshUser, identity: options.sshIdentity };
    await joinBySsh(context.host, target, { ...wait, script: await prepared.renderJoin() });
  };
  try {
    return await launchMachine(
      { ...wait, lambda, node: prepared.node, join: options.join === "ssh" ? join : undefined },
      {
        spec: prepared.spec,
        access: prepared.accessChanges,
        times: { capacitySeconds: options.waitForCapacity, readySeconds: options.wait },
      },
    );
  } catch (error) {
    throw error instanceof LaunchFailure ? explain(error, following) : error;
  }
}

/** What is left, what it costs, and what ends it. */
function explain({ cause, made, machineId }: LaunchFailure, { name, prepared, options }: Following): SatelliteError {
  const { code, message, hint } = describe(cause);
  const price = describePrice(prepared.spec.plan.type.centsPerHour);
  const cluster = ` --cluster ${options.cluster} --region ${options.region}`;
  const mayCost = machineId !== undefined || code === "launch-unknown";
  if (!mayCost && made.length === 0)
    return new SatelliteError(code, `${message}; nothing is left of the launch`, { ...hinted(hint), cause });
  const left =
    machineId === undefined
      ? `what was made stays: ${made.join(", ")}`
      : `machine ${name} (${machineId}) is left, and costs ${price}`;
  const command = mayCost ? terminateCommand(name) : `${terminateCommand(name)}${cluster} --revoke`;
  return new SatelliteError(code, `${message}; ${left}`, {
    hint: `${command} ends it${mayCost ? "" : ", and frees what was made"}. ${hint ?? ""}`.trimEnd(),
    cause,
  });
}

function hinted(hint: string | undefined): { readonly hint?: string } {
  return hint === undefined ? {} : { hint };
}

function report(
  { state, problem, address }: LaunchOutcome,
  {
    name,
    say,
    prepared,
    readySeconds,
  }: { name: string; say: (line: string) => void; prepared: Prepared; readySeconds: number },
): number {
  const stop = `stop paying: ${terminateCommand(name)}`;
  if (state === "ready") {
    say(`${name} is a Node of ${prepared.access.name}, at ${address}. To ${stop}`);
    return LAUNCH_EXIT.done;
  }
  if (readySeconds === 0) {
    say(`${name} is launched, and not waited for: eks-satellite machine show ${name}. To ${stop}`);
    return LAUNCH_EXIT.done;
  }
  say(
    `✗ ${name} is not Ready: ${problem}. It is left, and costs ${describePrice(prepared.spec.plan.type.centsPerHour)}.`,
  );
  if (address !== undefined)
    say(
      `  → ssh ubuntu@${address} sudo eks-satellite check; there cloud-init status --long says how the first boot went`,
    );
  say(`  → ${stop}`);
  return LAUNCH_EXIT.refused;
}

function terminateCommand(name: string): string {
  return `eks-satellite machine terminate ${name}`;
}

function renderJson(
  { access, spec, accessChanges, notes }: Prepared,
  name: string,
  outcome: LaunchOutcome | undefined,
): string {
  const { type, withCapacity } = spec.plan;
  const document = {
    ...{ machine: name, cluster: access.name, region: access.region, type: type.name, centsPerHour: type.centsPerHour },
    ...{ withCapacity, rules: spec.rules },
    changes: accessChanges.map(({ target, action, diff }) => ({ target, action, diff })),
    notes,
    launched: outcome ?? null,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
