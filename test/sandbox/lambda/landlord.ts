// Makes of the account's machines what it says of them, for as long as the sandbox lives.
import { type LambdaAccount, type LambdaMachine, withMachine } from "./account.ts";
import type { Hypervisor } from "./hypervisor.ts";
import { nextStep, type Step } from "./next-step.ts";
import type { LambdaServer } from "./server.ts";
import type { LambdaSettings } from "./settings.ts";

export interface LandlordOptions {
  readonly server: Pick<LambdaServer, "change">;
  readonly hypervisor: Hypervisor;
  readonly log: (line: string) => void;
  readonly settings?: () => Promise<LambdaSettings>;
  readonly now?: () => number;
}

/** One round over all machines; a step that fails is tried again at the next. */
export async function settleMachines(options: LandlordOptions): Promise<void> {
  const { server, hypervisor, log, now = Date.now } = options;
  const { preempts = [] } = (await options.settings?.()) ?? {};
  const account = await server.change((latest) => preempt(latest, preempts, now()));
  await hypervisor.filter(account);
  for (const machine of account.machines) {
    const isRunning = !machine.isIdle && (await hypervisor.isRunning(machine));
    const step = nextStep(machine, isRunning, now());
    if (step === undefined) continue;
    log(`${machine.name ?? machine.id} is ${machine.status}: ${step.kind === "say" ? step.status : step.kind}`);
    const change = await perform(machine, step);
    await server.change((latest) =>
      change === "forget"
        ? { ...latest, machines: latest.machines.filter(({ id }) => id !== machine.id) }
        : withMachine(latest, machine.id, keepEnding(latest.machines, machine, change), now()),
    );
  }

  async function perform(machine: LambdaMachine, step: Step): Promise<Partial<LambdaMachine> | "forget"> {
    switch (step.kind) {
      case "launch":
        return { ...(await hypervisor.launch(account, machine)), status: "active" };
      case "restart":
        await hypervisor.restart(machine);
        return { status: "active", isRestarting: false };
      case "remove":
        await hypervisor.remove(machine);
        return machine.status === "preempted" ? {} : { status: "terminated" };
      case "forget":
        return "forget";
      case "say":
        return machine.isIdle && step.status === "active" ? { ...idleAddresses(machine), status: "active" } : step;
    }
  }
}

function preempt(account: LambdaAccount, names: readonly string[], nowMs: number): LambdaAccount {
  const taken = account.machines.filter(({ name, status }) => status === "active" && names.includes(name ?? ""));
  return taken.reduce((after, { id }) => withMachine(after, id, { status: "preempted" }, nowMs), account);
}

/** A machine that was terminated while it was launched is not active. */
function keepEnding(
  latest: readonly LambdaMachine[],
  { id, status }: LambdaMachine,
  change: Partial<LambdaMachine>,
): Partial<LambdaMachine> {
  const isOther = latest.find((machine) => machine.id === id)?.status !== status;
  if (!isOther) return change;
  const { status: _, ...rest } = change;
  return rest;
}

/** Of a documentation's network: nothing answers there. */
function idleAddresses({ id }: LambdaMachine) {
  const last = 1 + (Number.parseInt(id.slice(0, 4), 16) % 254);
  return { address: `203.0.113.${last}`, privateAddress: `10.19.60.${last}` };
}
