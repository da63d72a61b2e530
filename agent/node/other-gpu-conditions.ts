// Other programs may say on the Node how its GPUs are. Where one does, the daemon's own condition is not written a second time;
// but a fault that only the daemon sees is never hidden.
import type { GpuConditionState } from "../kubernetes/gpu-conditions.ts";

/** Kubernetes' monitors repeat a condition every five minutes: one that was not repeated for this long has lost its writer. */
const FRESH_MS = 15 * 60_000;
/** Conditions that end in one of these are good when true, as `AcceleratedHardwareReady`; others name a fault, as `GPUMissing`. */
const GOOD_WHEN_TRUE = /(?:ready|healthy|ok)$/i;

/** What others say: the type of one of their conditions, and whether one of them names a fault. */
export interface OtherOpinion {
  readonly type: string;
  readonly isBad: boolean;
}

/** Finds what others say at present; undefined where no other program says anything. */
export function findOtherOpinion(others: readonly GpuConditionState[], nowMs: number): OtherOpinion | undefined {
  const fresh = others.filter(({ heartbeatMs }) => Math.abs(nowMs - heartbeatMs) <= FRESH_MS);
  const bad = fresh.find(({ type, status }) => status === (GOOD_WHEN_TRUE.test(type) ? "False" : "True"));
  const shown = bad ?? fresh[0];
  return shown === undefined ? undefined : { type: shown.type, isBad: bad !== undefined };
}
