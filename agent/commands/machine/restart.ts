// `eks-satellite machine restart`: restarts a machine, and waits until it is active again.
import type { Command } from "commander";
import type { LambdaApi } from "../../admin/lambda/api.ts";
import { findMachine, nameOf } from "../../admin/machine/find-machine.ts";
import { restartMachine } from "../../admin/machine/restart.ts";
import type { Clock } from "../../host/host.ts";
import type { Confirm, LaptopContext, Print } from "../context.ts";
import { type OutputFormat, outputOption, parseSeconds } from "../options.ts";
import { type LambdaOptions, lambdaKeyOption, openLambda } from "./options.ts";

/** Exit codes: 0 active again; 2 not confirmed, or not active in time. */
export const RESTART_EXIT = { done: 0, unfinished: 2 } as const;

export interface RestartOptions extends LambdaOptions {
  /** Seconds. */
  readonly wait: number;
  readonly yes: boolean;
  readonly output: OutputFormat;
}

export interface RestartCommandContext {
  readonly lambda: () => Promise<Pick<LambdaApi, "list" | "restart">>;
  readonly clock: Clock;
  readonly confirm: Confirm | undefined;
  readonly stopSignal: AbortSignal;
}

/** Adds `machine restart`. */
export function registerRestart(machine: Command, context: LaptopContext): void {
  machine
    .command("restart")
    .description(
      "restart a machine, and wait until it is active again; exit 0 active, 1 error, 2 not confirmed or not active in time",
    )
    .argument("<name>", "name, host name or id of the machine, or the Node that it is")
    .option("--wait <duration>", "how long at most", parseSeconds, 600)
    .option("--yes", "do not ask for confirmation", false)
    .addOption(lambdaKeyOption())
    .addOption(outputOption())
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
  { wait, yes, output }: Pick<RestartOptions, "wait" | "yes" | "output">,
  print: Print,
): Promise<number> {
  const lambda = await open();
  const machine = findMachine(await lambda.list(signal), name);
  const messages: string[] = [];
  const isText = output === "text";
  const say = (line: string) => (isText ? print(`${line}\n`) : void messages.push(line));
  const finish = (state: RestartState, seconds?: number, address?: string) => {
    const document = { machine: nameOf(machine), id: machine.id, state, seconds, address, messages };
    if (!isText) print(`${JSON.stringify(document, undefined, 2)}\n`);
    return state === "active" ? RESTART_EXIT.done : RESTART_EXIT.unfinished;
  };
  const question = `Restart ${nameOf(machine)} (${machine.type.name} in ${machine.region.name})? Its pods end. [y/N] `;
  if (!yes && !(await isConfirmed(isText ? confirm : undefined, question, say))) return finish("unconfirmed");
  const beganMs = clock.monotonic();
  const active = await restartMachine({ lambda, clock, say, signal }, machine, wait);
  const seconds = Math.round((clock.monotonic() - beganMs) / 1000);
  if (active === undefined) {
    say(`! not active after ${seconds} s. It costs all the same: eks-satellite machine show ${nameOf(machine)}`);
    return finish("not-active", seconds);
  }
  say(`✓ active, ${active.address ?? "without a public address"}, after ${seconds} s`);
  return finish("active", seconds, active.address);
}

type RestartState = "active" | "not-active" | "unconfirmed";

async function isConfirmed(confirm: Confirm | undefined, question: string, say: Print): Promise<boolean> {
  if (confirm !== undefined) return confirm(question);
  say("nothing was done: there is no terminal to ask for confirmation. --yes restarts it");
  return false;
}
