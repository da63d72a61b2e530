// What a machine with GPUs says of itself when it registers: the label by which NVIDIA's device plugin finds it, and a taint.
import type { Config } from "../config/schema.ts";
import type { MachineFacts } from "../facts/machine.ts";

/** NVIDIA's device plugin and GPU Operator choose their nodes by it. */
export const GPU_PRESENT_LABEL = "nvidia.com/gpu.present";

/** As NVIDIA's own documentation taints GPU nodes; the device plugin and GPU Operator tolerate it. */
const GPU_TAINT = { key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" } as const;

type Taint = Config["node"]["taints"][number];

/** Labels at registration; none without a GPU. */
export function gpuLabels({ gpu }: Config, { hasGpu }: MachineFacts): Readonly<Record<string, string>> {
  return hasGpu && gpu.mode !== "off" ? { [GPU_PRESENT_LABEL]: "true" } : {};
}

/** Every taint at registration: the configured ones, and with `gpu.taint` the GPUs' unless it is among them. */
export function taintsOf({ gpu, node }: Config, { hasGpu }: MachineFacts): readonly Taint[] {
  const { key, effect } = GPU_TAINT;
  const isConfigured = node.taints.some((taint) => taint.key === key && taint.effect === effect);
  return hasGpu && gpu.taint && gpu.mode !== "off" && !isConfigured ? [...node.taints, GPU_TAINT] : node.taints;
}
