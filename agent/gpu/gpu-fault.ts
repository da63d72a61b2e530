// A fault of a GPU, and what is said about it.
import { ACTIONS, type GpuAction, isFatalAction } from "../xid/gpu-action.ts";

export interface GpuFault {
  /** Kebab-case; becomes the condition's reason. */
  readonly code: string;
  /** The GPU; undefined for a fault that is not of one GPU. */
  readonly busId?: string;
  readonly message: string;
  readonly action: GpuAction;
  /** What to do beyond the action. */
  readonly hint?: string;
}

/** What to do, as a sentence for the user. */
export const ADVICE: Readonly<Record<GpuAction, string>> = {
  none: "Action: none on the GPU.",
  "check-the-app": "Action: check the app.",
  "reset-the-gpu":
    "Action: reset the GPU. kubectl drain the node, end what holds it (fuser -v /dev/nvidia*), nvidia-smi --gpu-reset -i ADDRESS; if that fails, reboot.",
  reboot: "Action: reboot. kubectl drain the node, then systemctl reboot; if it hangs, power-cycle.",
  replace: "Action: replace. kubectl drain the node and have the GPU or the machine replaced.",
};

/** Whether the GPU is unusable until it is reset or replaced, or the machine rebooted. */
export function isFatal({ action }: GpuFault): boolean {
  return isFatalAction(action);
}

/** Sorts faults, worst first. */
export function byWeight(one: GpuFault, other: GpuFault): number {
  return ACTIONS.indexOf(other.action) - ACTIONS.indexOf(one.action);
}
