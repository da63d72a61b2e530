// A restart of a machine, to the moment when it is active again. Lambda answers at once, and may call it active for some seconds more.
import { SatelliteError } from "../../errors.ts";
import type { Clock } from "../../host/host.ts";
import type { LambdaApi, Machine } from "../lambda/api.ts";
import { isOutcomeUnknown } from "../lambda/errors.ts";
import { isRented, nameOf } from "./find-machine.ts";

export interface RestartContext {
  readonly lambda: Pick<LambdaApi, "list" | "restart">;
  readonly clock: Clock;
  /** Reports progress, a line a time. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const POLL_MS = 5000;
/** A machine that was active all this time has been restarted sooner than it could be seen. */
const UNSEEN_MS = 60_000;
const REPORT_MS = 30_000;

/** Restarts it and waits; returns it as it is then, or undefined when it is not active in time. @throws machine-busy, machine-gone, interrupted, lambda-conflict, … */
export async function restartMachine(
  context: RestartContext,
  machine: Machine,
  waitSeconds: number,
): Promise<Machine | undefined> {
  const { lambda, clock, say, signal } = context;
  refuseBusy(machine);
  await lambda.restart(machine.id, signal);
  say("✓ restart begun");
  const beganMs = clock.monotonic();
  const elapsedMs = () => clock.monotonic() - beganMs;
  const progress = { status: machine.status, saidMs: 0, hasLeft: false };
  while (elapsedMs() < waitSeconds * 1000) {
    await pause(context, machine);
    const seen = await readAgain(context, machine);
    if (seen === undefined) continue;
    const isActive = seen.status === "active";
    progress.hasLeft ||= !isActive;
    const isBack = isActive && seen.actions.restart?.isAvailable !== false;
    if (isBack && (progress.hasLeft || elapsedMs() >= UNSEEN_MS)) return seen;
    if (seen.status === progress.status && elapsedMs() - progress.saidMs < REPORT_MS) continue;
    Object.assign(progress, { status: seen.status, saidMs: elapsedMs() });
    say(`… ${seen.status}, ${Math.round(elapsedMs() / 1000)} s`);
  }
  return undefined;
}

/** @throws machine-busy */
function refuseBusy(machine: Machine): void {
  const { isAvailable = true, reason } = machine.actions.restart ?? {};
  if (isAvailable) return;
  throw new SatelliteError(
    "machine-busy",
    `machine ${nameOf(machine)} is ${machine.status} and cannot be restarted: ${reason ?? "Lambda Cloud does not say why"}`,
    { hint: `Wait until it is active: eks-satellite machine show ${nameOf(machine)}.` },
  );
}

async function pause({ clock, signal }: RestartContext, machine: Machine): Promise<void> {
  await clock.sleep(POLL_MS, signal).catch((cause: unknown) => {
    throw new SatelliteError("interrupted", `interrupted while machine ${nameOf(machine)} restarts`, {
      hint: `The restart goes on: eks-satellite machine show ${nameOf(machine)}.`,
      cause,
    });
  });
}

/** Undefined while Lambda does not answer. @throws machine-gone, and Lambda's refusals */
async function readAgain({ lambda, say, signal }: RestartContext, machine: Machine): Promise<Machine | undefined> {
  const machines = await lambda.list(signal).catch((error: unknown) => {
    if (!isOutcomeUnknown(error)) throw error;
    say(`! Lambda Cloud does not answer: ${(error as Error).message}`);
    return undefined;
  });
  if (machines === undefined) return undefined;
  const seen = machines.find(({ id }) => id === machine.id);
  if (seen !== undefined && isRented(seen)) return seen;
  throw new SatelliteError("machine-gone", `machine ${nameOf(machine)} is gone: another program terminated it`, {
    hint: "eks-satellite machine list shows what there is.",
  });
}
