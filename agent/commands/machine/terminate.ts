// `eks-satellite machine terminate`: drains, ends and forgets machines, and with --revoke what let them in.
import type { Command } from "commander";
import { describe, SatelliteError } from "../../errors.ts";
import { optional } from "../../optional.ts";
import { loadAdmin } from "../admin-clients.ts";
import type { LaptopContext } from "../context.ts";
import { type NamedPlan, planAll } from "./end-plans.ts";
import { openLambda } from "./options.ts";
import {
  addTerminateOptions,
  checkTerminateOptions,
  type TerminateContext,
  type TerminateOptions,
} from "./terminate-options.ts";

/** Exit codes: 0 done, 2 not confirmed; an error is 1. */
export const TERMINATE_EXIT = { done: 0, refused: 2 } as const;

/** Adds `machine terminate`. */
export function registerTerminate(machine: Command, context: LaptopContext): void {
  addTerminateOptions(machine.command("terminate"))
    .argument("<names...>", "names of machines, or their ids")
    .description("administrator: drain and end machines, and delete their Nodes; exit 0 done, 1 error, 2 not confirmed")
    .action(async (names: readonly string[], options: TerminateOptions) => {
      const { kubeconfig, context: kubeContext, profile } = options;
      const ofOptions = {
        openAdmin: (region: string) =>
          loadAdmin(context.host, { region, ...optional({ profile, kubeconfig, context: kubeContext }) }),
        openLambda: () => openLambda(context, options),
      };
      context.exitWith(await terminateCommand({ ...context, ...ofOptions }, names, options));
    });
}

/** Shows what it would end, asks, and ends it; returns the exit code. @throws what planEnd does, interrupted */
export async function terminateCommand(
  context: TerminateContext,
  names: readonly string[],
  options: TerminateOptions,
): Promise<number> {
  checkTerminateOptions(options);
  const isText = options.output === "text";
  const say = (line: string) => (isText ? context.print : context.printError)(`${line.trimEnd()}\n`);
  const lambda = await context.openLambda();
  const plans = await planAll({ ...context, lambda, say }, [...new Set(names)], options);
  for (const { changes, notes } of plans) {
    for (const { diff } of changes) say(diff);
    for (const note of notes) say(`! ${note}`);
  }
  const finish = (isDone: boolean) => {
    if (!isText) context.print(renderJson(plans, isDone));
  };
  if (options.dryRun) {
    finish(false);
    return TERMINATE_EXIT.done;
  }
  if (!options.yes && !(await isConfirmed(context, plans, { isText, say }))) {
    finish(false);
    return TERMINATE_EXIT.refused;
  }
  await endAll(plans, { say, signal: context.stopSignal });
  finish(true);
  return TERMINATE_EXIT.done;
}

async function isConfirmed(
  { confirm }: TerminateContext,
  plans: readonly NamedPlan[],
  { isText, say }: { isText: boolean; say: (line: string) => void },
): Promise<boolean> {
  if (confirm !== undefined && isText) return confirm(`End ${plans.map(({ name }) => name).join(", ")}? [y/N] `);
  say("nothing was ended: there is no terminal to ask for confirmation. --yes does it");
  return false;
}

/** One that fails does not keep the others running: they cost. @throws the errors of those that failed */
async function endAll(
  plans: readonly NamedPlan[],
  { say, signal }: { readonly say: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  const failures: SatelliteError[] = [];
  for (const { name, changes } of plans) {
    try {
      for (const { action, target, apply } of changes) {
        if (signal.aborted) throw new Error("interrupted");
        await apply((line) => say(`  ${line}`));
        say(`✓ ${action} ${target}`);
      }
      say(`${name} is gone`);
    } catch (error) {
      failures.push(toFailure(name, error, signal));
    }
  }
  const [first, ...others] = failures;
  if (first === undefined) return;
  throw others.length === 0
    ? first
    : new SatelliteError("machines-not-ended", `${failures.length} machines were not ended`, { parts: failures });
}

function toFailure(name: string, error: unknown, signal: AbortSignal): SatelliteError {
  const { code, message, hint } = describe(error);
  const again = `eks-satellite machine terminate ${name} continues from there.`;
  if (signal.aborted)
    return new SatelliteError("interrupted", `interrupted: ${name} may still run, and cost`, {
      hint: again,
      cause: error,
    });
  return new SatelliteError(code, `${name}: ${message}`, { hint: `${hint ?? ""} ${again}`.trim(), cause: error });
}

function renderJson(plans: readonly NamedPlan[], isDone: boolean): string {
  const machines = plans.map(({ name, changes, notes }) => ({
    machine: name,
    changes: changes.map(({ target, action, diff }) => ({ target, action, diff })),
    notes,
  }));
  return `${JSON.stringify({ machines, applied: isDone }, undefined, 2)}\n`;
}
