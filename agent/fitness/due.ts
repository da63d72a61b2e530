// When a check is due: at the join, when what it judged has changed, and again while something failed.
import type { CheckedMachine, CheckRecord } from "./record.ts";

/** Something that failed is checked again after this long: an annotation that says so should not outlive the fault by days. */
const FAILED_AGAIN_MS = 6 * 60 * 60_000;

const NAMES = { version: "eks-satellite", kernel: "the kernel", driver: "NVIDIA's driver" } as const;

export interface CheckNeed {
  readonly node: string;
  readonly machine: CheckedMachine;
  readonly nowMs: number;
}

/** Why a check is due, in words for the log; undefined while none is. */
export function whyDue(record: CheckRecord | undefined, { node, machine, nowMs }: CheckNeed): string | undefined {
  if (record === undefined || record.node !== node) return `Node ${node} has not been checked`;
  for (const key of ["version", "kernel", "driver"] as const)
    if (record.machine[key] !== machine[key])
      return `${NAMES[key]} was ${record.machine[key] ?? "absent"} and is ${machine[key] ?? "absent"}`;
  const ageMs = Math.abs(nowMs - record.atMs); // The clock may have been set back.
  return record.summary.fail > 0 && ageMs >= FAILED_AGAIN_MS ? "something failed in the last check" : undefined;
}
