// What is to be done about a fault of a GPU, and NVIDIA's words for it.

/** What to do about a fault. `check-the-app` means that the application is to be restarted or mended, not the GPU. */
export type GpuAction = "none" | "check-the-app" | "reset-the-gpu" | "reboot" | "replace";

/** From the least to the worst. */
export const ACTIONS: readonly GpuAction[] = ["none", "check-the-app", "reset-the-gpu", "reboot", "replace"];

/** With these the GPU, or all GPUs, are of no use to a pod. */
const FATAL: readonly GpuAction[] = ["reset-the-gpu", "reboot", "replace"];

/** nvmlDeviceGpuRecoveryAction, which some versions of nvidia-smi print as a number. */
const RECOVERY_NUMBERS: readonly string[] = [
  "None",
  "Reset",
  "Reboot",
  "Drain P2P",
  "Drain and Reset",
  "Recover IMEX Domain",
];

/** Whether the GPU is unusable until it is reset or replaced, or the machine rebooted. */
export function isFatalAction(action: GpuAction): boolean {
  return FATAL.includes(action);
}

/** The worse of two actions. */
export function worseOf(one: GpuAction, other: GpuAction): GpuAction {
  return ACTIONS.indexOf(one) > ACTIONS.indexOf(other) ? one : other;
}

/** The driver's recovery action in words, be it given in words or as a number. */
export function nameRecovery(words: string): string {
  return (/^\d{1,3}$/.test(words) ? RECOVERY_NUMBERS[Number(words)] : undefined) ?? words;
}

/**
 * Translates the driver's words for what a GPU needs: `GPU Reset Required`, `Node Reboot Required`, `Drain P2P`, `PF FLR`, …
 * Recovering an IMEX domain is done to a service, not to the GPU.
 */
export function toRecoveryAction(words: string): GpuAction {
  const name = nameRecovery(words);
  if (/^(?:none|unknown)$|\bimex\b/i.test(name)) return "none";
  return /reboot/i.test(name) ? "reboot" : "reset-the-gpu";
}
