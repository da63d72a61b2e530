// Conditions by which programs say on the Node how its GPUs are: ours, EKS' node monitoring agent's (AcceleratedHardwareReady),
// node-problem-detector's custom plugins' (GPUMissing, GPUXIDErrors, …), NVSentinel's (GpuMemWatch, …).
import type { V1NodeCondition } from "@kubernetes/client-node";

/** A condition of GPUs as it stands on the Node. */
export interface GpuConditionState {
  readonly type: string;
  readonly status: string;
  /** When its writer last repeated it, milliseconds since the epoch; NaN when it does not say. */
  readonly heartbeatMs: number;
}

const GPU_TYPE = /^(?:acceleratedhardware|gpu|nvidia|xid)/i;
/** Other programs write what they like: neither many nor long ones are kept. */
const MAX_CONDITIONS = 50;
const MAX_LENGTH = 100;

/** Reads those conditions; undefined where there is none. */
export function readGpuConditions(
  conditions: readonly V1NodeCondition[] | undefined,
): readonly GpuConditionState[] | undefined {
  const found = (conditions ?? []).filter(({ type }) => GPU_TYPE.test(type)).slice(0, MAX_CONDITIONS);
  if (found.length === 0) return undefined;
  return found.map(({ type, status, lastHeartbeatTime }) => ({
    type: type.slice(0, MAX_LENGTH),
    status: status.slice(0, MAX_LENGTH),
    heartbeatMs: Date.parse(String(lastHeartbeatTime)),
  }));
}
