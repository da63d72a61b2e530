// Conditions → one answer: whether the node does its work, and if not, why and what to do.

import { optional } from "../optional.ts";
import type { Condition, ConditionBoard } from "./conditions.ts";

export interface Verdict {
  /** The Node is Ready and every critical condition is true. */
  readonly ready: boolean;
  /** Ready, and no condition is false. */
  readonly healthy: boolean;
  /** In CamelCase: the root cause's, `Healthy`, or `Joining` while no cause is known. */
  readonly reason: string;
  /** One sentence: the first root cause, or that all is well. */
  readonly summary: string;
  readonly hint?: string;
}

/** Judges the board as it is now. */
export function readVerdict(board: ConditionBoard): Verdict {
  const conditions = board.list();
  const ready = conditions.every(({ isCritical, status }) => !isCritical || status === "True");
  const [cause] = byWeight(board.rootCauses());
  if (cause !== undefined) {
    const { type, reason, message, hint } = cause;
    return { ready, healthy: false, reason, summary: `${type}: ${message}`, ...optional({ hint }) };
  }
  if (ready) return { ready, healthy: true, reason: "Healthy", summary: board.get("NodeReady").message };
  return { ready, healthy: false, reason: "Joining", summary: "joining the cluster" };
}

/** Causes that keep the node from its work come first. */
function byWeight(causes: readonly Condition[]): readonly Condition[] {
  return causes.toSorted((one, other) => Number(other.isCritical) - Number(one.isCritical));
}
