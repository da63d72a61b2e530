// How far a container of a pod is, and why it does not run.
import type { PodStatus } from "../../host/verify/verify-kubernetes.ts";

export type PodState =
  | { readonly kind: "starting"; readonly why: string }
  | { readonly kind: "running" }
  | { readonly kind: "ended"; readonly exitCode: number; readonly message: string }
  | { readonly kind: "image-unavailable" | "pod-refused" | "pod-failed" | "gpu-busy"; readonly message: string };

const IMAGE_REASONS = [
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "InvalidImageName",
  "ImageInspectError",
];
/** kubelet's words while it waits for the first status of the runtime. */
const STARTING_REASONS = ["", "ContainerCreating", "PodInitializing"];
/** kubelet's admission, when every device is given away. */
const BUSY = /nvidia\.com\/gpu.{0,200}Available: 0|OutOfnvidia\.com\/gpu/;

/** Reads the state of one container. */
export function readPodState({ phase, reason, message, containers }: PodStatus, name: string): PodState {
  const container = containers.find((each) => each.name === name);
  const { waiting, terminated } = container ?? {};
  if (terminated !== undefined)
    return { kind: "ended", exitCode: terminated.exitCode, message: terminated.message || terminated.reason };
  if (phase === "Failed")
    return { kind: BUSY.test(`${reason} ${message}`) ? "gpu-busy" : "pod-refused", message: `${reason}: ${message}` };
  if (container?.isRunning === true) return { kind: "running" };
  const why = [waiting?.reason, waiting?.message].filter(Boolean).join(": ");
  if (IMAGE_REASONS.includes(waiting?.reason ?? "")) return { kind: "image-unavailable", message: why };
  if (!STARTING_REASONS.includes(waiting?.reason ?? "")) return { kind: "pod-failed", message: why };
  return { kind: "starting", why: why || phase || "kubelet has not said anything of it" };
}
