// `eks-satellite machine restart`: restarts a machine, and waits until it is active again.
import type { Command } from "commander";
import type { LambdaApi } from "../../admin/lambda/api.ts";
import { findMachine, nameOf } from "../../admin/machine/find-machine.ts";
import { restartMachine } from "../../admin/machine/restart.ts";
import type { Clock } from "../../host/host.ts";
import type { CommandContext, Confirm, Print } from "../context.ts";
import { parseSeconds } from "../options.ts";
import { type LambdaOptions, lambdaKeyOption, openLambda } from "./options.ts";

/** Exit codes: 0 active again; 2 not confirmed, or not active in time. */
export const RESTART_EXIT = { done: 0, unfinished: 2 } as const;

export interface RestartOptions extends LambdaOptions {
  /** Seconds. */
  readonly wait: number;
  readonly yes: boolean;
}

export interface RestartCommandContext {
  readonly lambda: () => Promise<Pick<LambdaApi, "list" | "restart">>;
  readonly clock: Clock;
  readonly confirm: Confirm | undefined;
  readonly stopSignal: AbortSignal;
}

/** Adds `machine restart`. */
export function registerRestart(machine: Command, context: CommandContext): void {
  machine
    .command("restart")
    .description(
      "restart a machine, and wait until it is active again; exit 0 active, 1 error, 2 not confirmed or not active in time",
    )
    .argument("<name>", "name, host name or id of the machine, or the Node that it is")
    .option("--wait <duration>", "how long at most", parseSeconds, 600)
    .option("--yes", "do not ask for confirmation", false)
    .addOption(lambdaKeyOption())
    .action(async (name: string, options: RestartOptions) => {
      const { host, confirm, stopSignal, print, exitWith } = context;
      const lambda = () => openLambda(context, options);
      exitWith(await restartCommand({ lambda, clock: host.clock, confirm, stopSignal }, name, options, print));
    });
}

/** Restarts it and returns the exit code. @throws lambda-not-found, machine-ambiguous, machine-busy, machine-gone, interrupted, … */
export async function restartCommand(
  { lambda: open, clock, confirm, stopSignal: signal }: RestartCommandContext,
  name: string,
  { wait, yes }: Pick<RestartOptions, "wait" | "yes">,
  print: Print,
): Promise<number> {
  const lambda = await open();
  const machine = findMachine(await lambda.list(signal), name);
  const question = `Restart ${nameOf(machine)} (${machine.type.name} in ${machine.region.name})? Its pods end. [y/N] `;
  if (!yes && !(await isConfirmed(confirm, question, print))) return RESTART_EXIT.unfinished;
  const say = (line: string) => print(`${line}\n`);
  const beganMs = clock.monotonic();
  const active = await restartMachine({ lambda, clock, say, signal }, machine, wait);
  const seconds = Math.round((clock.monotonic() - beganMs) / 1000);
  if (active !== undefined) {
    say(`✓ active, ${active.address ?? "without a public address"}, after ${seconds} s`);
    return RESTART_EXIT.done;
  }
  say(`! not active after ${seconds} s. It costs all the same: eks-satellite machine show ${nameOf(machine)}`);
  return RESTART_EXIT.unfinished;
}

async function isConfirmed(confirm: Confirm | undefined, question: string, print: Print): Promise<boolean> {
  if (confirm !== undefined) return confirm(question);
  print("nothing was done: there is no terminal to ask for confirmation. --yes restarts it\n");
  return false;
}
