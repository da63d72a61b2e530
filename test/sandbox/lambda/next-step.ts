// What is to be done about a rented machine: a decision, of what the account says and of what runs.
import type { LambdaMachine } from "./account.ts";

/** How long one that is none of the sandbox's containers takes to boot, and to go. */
const IDLE_MS = 2000;
/** How long a terminated machine stays known. */
const FORGET_MS = 10 * 60_000;

/** `say` changes the account alone. */
export type Step =
  | { readonly kind: "launch" | "restart" | "remove" | "forget" }
  | { readonly kind: "say"; readonly status: "active" | "unhealthy" | "terminated" };

/** The next step, undefined where all is as the account says. */
export function nextStep(machine: LambdaMachine, isRunning: boolean, nowMs: number): Step | undefined {
  const { status, changedAtMs, isIdle, isRestarting } = machine;
  const isDue = nowMs - changedAtMs >= IDLE_MS;
  if (status === "terminated") return nowMs - changedAtMs >= FORGET_MS ? { kind: "forget" } : undefined;
  if (isIdle) return isDue ? nextOfIdle(machine) : undefined;
  switch (status) {
    case "booting":
      return { kind: isRestarting ? "restart" : "launch" };
    // A shutdown ends no bill.
    case "active":
      return isRunning ? undefined : { kind: "say", status: "unhealthy" };
    case "unhealthy":
      return isRunning ? { kind: "say", status: "active" } : undefined;
    case "terminating":
      return { kind: "remove" };
    case "preempted":
      return isRunning ? { kind: "remove" } : undefined;
  }
}

function nextOfIdle({ status }: LambdaMachine): Step | undefined {
  if (status === "booting") return { kind: "say", status: "active" };
  return status === "terminating" ? { kind: "say", status: "terminated" } : undefined;
}
