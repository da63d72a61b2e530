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

/** Whom to ask about a GPU that needs it. */
export const WHOM_TO_ASK: Readonly<Record<GpuAction, string>> = {
  none: "no one: the GPU goes on",
  "check-the-app": "the application's owner, with the lines of the kernel's log",
  "reset-the-gpu": "the machine's provider, when the same fault comes again after a reset",
  reboot: "the machine's provider, when it does not come back, or the same fault does",
  replace: "the machine's provider, with the lines of the kernel's log and the GPU's serial number (nvidia-smi -q)",
};

/** Whether the GPU is unusable until it is reset or replaced, or the machine rebooted. */
export function isFatal({ action }: GpuFault): boolean {
  return isFatalAction(action);
}

/** Sorts faults, worst first. */
export function byWeight(one: GpuFault, other: GpuFault): number {
  return ACTIONS.indexOf(other.action) - ACTIONS.indexOf(one.action);
}
