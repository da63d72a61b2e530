// The way from a plan to a Ready Node: capacity, what the machine needs, the machine itself, its first boot. A failure before the machine undoes what was made.
import { describe, hasCode, SatelliteError } from "../../errors.ts";
import type { Change } from "../change.ts";
import type { LambdaApi, Machine } from "../lambda/api.ts";
import { filteredFirst } from "../lambda/regions.ts";
import { type LaunchSpec, type LaunchState, planLaunch, planRuleset, planSshKey } from "./changes.ts";
import type { NodeAccess, NodeView } from "./node.ts";
import { interrupted, secondsSince, type WaitContext, waitFor } from "./wait.ts";

export interface LaunchContext extends WaitContext {
  readonly lambda: LambdaApi;
  readonly node: NodeAccess;
  /** Joins an active machine over ssh; undefined where user data does it. */
  readonly join: ((address: string) => Promise<void>) | undefined;
}

export interface LaunchTimes {
  /** For capacity; 0 does not wait. */
  readonly capacitySeconds: number;
  /** From the launch to Ready; 0 does not wait. */
  readonly readySeconds: number;
}

/** How far it came. A machine that is there costs, whatever the rest. */
export interface LaunchOutcome {
  readonly machineId: string;
  readonly region: string;
  readonly address: string | undefined;
  readonly node: NodeView | undefined;
  readonly state: "launched" | "active" | "ready";
  /** Why it is not Ready. */
  readonly problem?: string;
}

const CAPACITY_SECONDS = 30;
const MACHINE_SECONDS = 10;
const NODE_SECONDS = 5;

/** What a failed launch leaves: `made` is what stays, in words. */
export class LaunchFailure extends Error {
  readonly made: readonly string[];
  readonly machineId: string | undefined;

  constructor(cause: unknown, made: readonly string[], machineId: string | undefined) {
    super(describe(cause).message, { cause });
    this.name = "LaunchFailure";
    this.made = made;
    this.machineId = machineId;
  }
}

/** Follows the plan. @param access changes of the cluster's side @throws LaunchFailure */
export async function launchMachine(
  context: LaunchContext,
  {
    spec,
    access,
    times,
  }: { readonly spec: LaunchSpec; readonly access: readonly Change[]; readonly times: LaunchTimes },
): Promise<LaunchOutcome> {
  const state: LaunchState = { region: "", rulesetId: undefined, machineId: undefined };
  const made: Change[] = [];
  try {
    const untilMs = context.clock.monotonic() + times.capacitySeconds * 1000;
    state.region = await findCapacity(context, spec, untilMs);
    for (const change of [...access, ...planSshKey(context.lambda, spec)]) await make(context, change, made);
    await launchWhereItFits(context, { spec, state, made, untilMs });
  } catch (error) {
    throw await giveUp(context, { error, made, machineId: state.machineId });
  }
  try {
    return await followBoot(context, spec, { ...state, machineId: state.machineId ?? "" }, times.readySeconds);
  } catch (error) {
    throw new LaunchFailure(context.signal.aborted ? interrupted() : error, made.map(targetOf), state.machineId);
  }
}

async function make({ say, signal, clock }: WaitContext, change: Change, made: Change[]): Promise<void> {
  if (signal.aborted) throw interrupted();
  const startMs = clock.monotonic();
  await change.apply((line) => say(`  ${line}`));
  made.push(change);
  say(`✓ ${change.action} ${change.target} (${secondsSince(startMs, clock.monotonic())} s)`);
}

/** Capacity may go between the look and the launch: then it is waited for again, as long as there is time. */
async function launchWhereItFits(
  context: LaunchContext,
  { spec, state, made, untilMs }: { spec: LaunchSpec; state: LaunchState; made: Change[]; untilMs: number },
): Promise<void> {
  for (;;) {
    const rulesets = planRuleset(context.lambda, spec, state);
    for (const change of rulesets) await make(context, change, made);
    const launch = planLaunch(context.lambda, spec, state, context);
    try {
      await make(context, launch, made);
      return;
    } catch (error) {
      if (!hasCode(error, "lambda-no-capacity") || context.clock.monotonic() >= untilMs) throw error;
      context.say(`the capacity in ${state.region} is gone: waiting for it again`);
      for (const change of rulesets) {
        await change.undo?.(() => undefined);
        made.splice(made.indexOf(change), 1);
      }
      state.region = await findCapacity(context, spec, untilMs, CAPACITY_SECONDS);
    }
  }
}

/** @param afterSeconds where a first look would see what was refused a moment ago @throws lambda-no-capacity */
async function findCapacity(
  context: LaunchContext,
  { plan }: LaunchSpec,
  untilMs: number,
  afterSeconds = 0,
): Promise<string> {
  const { name } = plan.type;
  const isAllowed = (region: string) => plan.allowed?.includes(region) ?? true;
  if (afterSeconds === 0 && plan.withCapacity[0] !== undefined) return plan.withCapacity[0];
  let isFirst = afterSeconds > 0;
  const found = await waitFor(context, {
    what: `capacity for ${name}`,
    everySeconds: CAPACITY_SECONDS,
    untilMs,
    look: async () => {
      if (isFirst) {
        isFirst = false;
        return { state: "none" };
      }
      const offers = await context.lambda.listTypes(context.signal);
      const regions = offers.find((offer) => offer.name === name)?.regions ?? [];
      const region = filteredFirst(regions.map((each) => each.name)).find(isAllowed);
      return region === undefined ? { state: "none" } : { done: region };
    },
  });
  if (found !== undefined) return found;
  throw new SatelliteError("lambda-no-capacity", `there was no capacity for ${name} in all that time`, {
    hint: "Another region or type may have some: eks-satellite machine types; --cloud-region any takes the first.",
  });
}

/** Undoes what was made, the latest first, unless the user interrupted, or a machine may be there that uses it. */
async function giveUp(
  { say, signal }: WaitContext,
  { error, made, machineId }: { error: unknown; made: readonly Change[]; machineId: string | undefined },
): Promise<LaunchFailure> {
  if (signal.aborted) return new LaunchFailure(interrupted(), made.map(targetOf), machineId);
  if (machineId !== undefined || hasCode(error, "launch-unknown"))
    return new LaunchFailure(error, made.map(targetOf), machineId);
  const left: string[] = [];
  for (const change of made.toReversed()) {
    if (change.undo === undefined) continue;
    try {
      await change.undo((line) => say(`  ${line}`));
      say(`↩ undone: ${change.action} ${change.target}`);
    } catch (problem) {
      left.push(change.target);
      say(`✗ not undone: ${change.action} ${change.target}: ${describe(problem).message}`);
    }
  }
  return new LaunchFailure(error, left, undefined);
}

function targetOf({ target }: Change): string {
  return target;
}

async function followBoot(
  context: LaunchContext,
  { name }: LaunchSpec,
  { machineId, region }: { machineId: string; region: string },
  readySeconds: number,
): Promise<LaunchOutcome> {
  const { clock, say, node } = context;
  const outcome = { machineId, region, address: undefined, node: undefined } as const;
  if (readySeconds === 0) return { ...outcome, state: "launched" };
  const startMs = clock.monotonic();
  const untilMs = startMs + readySeconds * 1000;
  const address = await waitForActive(context, { name, machineId, untilMs });
  if (address === undefined)
    return { ...outcome, state: "launched", problem: `it was not active after ${readySeconds} s` };
  say(`✓ active, ${address} (${secondsSince(startMs, clock.monotonic())} s)`);
  const activeMs = clock.monotonic();
  await context.join?.(address);
  const view = await waitForNode(context, { name, untilMs, node });
  if (view?.isReady !== true) {
    const problem = view === undefined ? "no Node has come" : `its Node is NotReady: ${view.reason}`;
    return { ...outcome, address, node: view, state: "active", problem: `${problem}, after ${readySeconds} s` };
  }
  const gpus = view.gpus === undefined ? "" : `, nvidia.com/gpu: ${view.gpus}`;
  say(`✓ Node ${name} Ready, ${view.version}${gpus} (${secondsSince(activeMs, clock.monotonic())} s)`);
  return { ...outcome, address, node: view, state: "ready" };
}

/** The public address. @throws machine-ended */
function waitForActive(
  context: LaunchContext,
  { name, machineId, untilMs }: { name: string; machineId: string; untilMs: number },
): Promise<string | undefined> {
  return waitFor(context, {
    what: `machine ${name} active`,
    everySeconds: MACHINE_SECONDS,
    untilMs,
    look: async () => {
      const machine = (await context.lambda.list(context.signal)).find(({ id }) => id === machineId);
      if (machine === undefined) return { state: "not listed yet" };
      const { status, address } = machine;
      if (["terminating", "terminated", "preempted"].includes(status)) throw ended(machine);
      if (status === "active" && address !== undefined) return { done: address };
      return { state: status === "active" ? "active, without an address" : status };
    },
  });
}

function ended({ id, status }: Machine): SatelliteError {
  return new SatelliteError("machine-ended", `machine ${id} is ${status}, and was not ended by this command`, {
    hint: "Lambda or another user of the account ended it: https://cloud.lambda.ai/instances. Launch another one.",
  });
}

/** The Node when it is Ready, or as it was at last. */
async function waitForNode(
  context: LaunchContext,
  { name, untilMs, node }: { name: string; untilMs: number; node: NodeAccess },
): Promise<NodeView | undefined> {
  const last: { view: NodeView | undefined } = { view: undefined };
  const ready = await waitFor(context, {
    what: `Node ${name} Ready`,
    everySeconds: NODE_SECONDS,
    untilMs,
    look: async () => {
      last.view = await node.read(name);
      if (last.view === undefined) return { state: "no Node yet: the machine installs" };
      return last.view.isReady ? { done: last.view } : { state: `NotReady, ${last.view.reason}` };
    },
  });
  return ready ?? last.view;
}
