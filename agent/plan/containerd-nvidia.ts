// NVIDIA's keys in containerd's configuration. nvidia-ctk and GPU Operator write the same ones: what they chose stays theirs.
import { gte } from "semver";
import type { GpuConfig } from "../config/gpu-schema.ts";
import type { NvidiaToolkit } from "../facts/nvidia-toolkit.ts";
import { isTable, type Table, tableAt } from "./merge.ts";

/** Name of the runtime, and of the RuntimeClass that leads to it. */
export const NVIDIA_RUNTIME = "nvidia";
const RUNC_RUNTIME = "runc";
/** CRI learned of CDI in it, switched off; from 2.0 on it is on by default. */
const FIRST_WITH_CDI = "1.7.0";
const FIRST_WITH_CDI_ON = "2.0.0";

/** What the keys follow from. */
export interface NvidiaOptions {
  readonly gpu: GpuConfig;
  readonly toolkit: NvidiaToolkit | undefined;
  /** E.g. `1.7.27`. */
  readonly containerdVersion: string;
}

/**
 * The keys that are ours to add to CRI's runtime table as it was found; none without nvidia-container-runtime.
 *
 * | key | whose |
 * |---|---|
 * | `runtimes.nvidia.options.BinaryName` | whoever wrote it first, while that program is there |
 * | `default_runtime_name` | whoever wrote it first, unless `gpu.defaultRuntime` names one, or its program is gone |
 * | `enable_cdi` | whoever wrote it first |
 * | `runtimes.nvidia.runtime_type`, `…options.SystemdCgroup` | ours, as for every runtime of runc's kind |
 */
export function planNvidia(cri: Table, { gpu, toolkit, containerdVersion }: NvidiaOptions): Table {
  if (gpu.mode === "off" || toolkit === undefined) return {};
  const { runtime, missing } = toolkit;
  const found = tableAt(cri, "containerd", "runtimes", NVIDIA_RUNTIME, "options").BinaryName;
  const works = typeof found === "string" && !missing.includes(found);
  const defaultFound = tableAt(cri, "containerd").default_runtime_name;
  if (runtime === undefined && !works) {
    // Somebody removed the toolkit and left the default: no pod at all would start.
    return defaultFound === NVIDIA_RUNTIME ? { containerd: { default_runtime_name: RUNC_RUNTIME } } : {};
  }
  const defaultName = gpu.defaultRuntime === "auto" ? (defaultFound ?? NVIDIA_RUNTIME) : gpu.defaultRuntime;
  const cdi =
    gte(containerdVersion, FIRST_WITH_CDI) && !gte(containerdVersion, FIRST_WITH_CDI_ON)
      ? { enable_cdi: cri.enable_cdi ?? true }
      : {};
  return {
    ...cdi,
    containerd: {
      default_runtime_name: defaultName,
      runtimes: { [NVIDIA_RUNTIME]: { options: works ? {} : { BinaryName: runtime } } },
    },
  };
}

/** How containerd is set up for GPUs, as read from CRI's runtime table. */
export interface NvidiaSetup {
  /** Program of runtime `nvidia`; undefined when there is no such runtime. */
  readonly binary?: string;
  readonly isDefault: boolean;
}

/** Reads it. */
export function readNvidiaSetup(cri: Table): NvidiaSetup {
  const runtime = tableAt(cri, "containerd", "runtimes")[NVIDIA_RUNTIME];
  const binary = isTable(runtime) ? tableAt(runtime, "options").BinaryName : undefined;
  return {
    ...(typeof binary === "string" ? { binary } : {}),
    isDefault: tableAt(cri, "containerd").default_runtime_name === NVIDIA_RUNTIME,
  };
}
