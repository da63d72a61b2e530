// NVIDIA's keys in containerd's configuration. nvidia-ctk and GPU Operator write the same ones: what they chose stays theirs.
import { gte } from "semver";
import type { GpuConfig } from "../config/gpu-schema.ts";
import { isGpuOperators, type NvidiaToolkit } from "../facts/nvidia-toolkit.ts";
import { optional } from "../optional.ts";
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
  /** Program of runtime `nvidia` as containerd understands all of its files; undefined when containerd was not asked. */
  readonly inForce?: NvidiaSetup | undefined;
}

/**
 * The keys that are ours to add to CRI's runtime table as it was found; none without nvidia-container-runtime.
 *
 * | key | whose |
 * |---|---|
 * | `runtimes.nvidia.options.BinaryName` | the first writer's, while that program is there |
 * | `default_runtime_name` | the first writer's, unless `gpu.defaultRuntime` names one, or its program is gone; GPU Operator with its own toolkit |
 * | `enable_cdi` | the first writer's |
 * | `runtimes.nvidia.runtime_type`, `…options.SystemdCgroup` | ours, as for every runtime of runc's kind |
 */
export function planNvidia(cri: Table, { gpu, toolkit, containerdVersion, inForce }: NvidiaOptions): Table {
  if (gpu.mode === "off" || toolkit === undefined) return {};
  const { runtime, missing } = toolkit;
  const found = tableAt(cri, "containerd", "runtimes", NVIDIA_RUNTIME, "options").BinaryName;
  const works = typeof found === "string" && !missing.includes(found);
  const defaultFound = tableAt(cri, "containerd").default_runtime_name;
  const isDefaultGone = defaultFound !== NVIDIA_RUNTIME && missing.includes(programOf(cri, String(defaultFound)));
  if (runtime === undefined && !works) {
    // The toolkit was removed and the default was left: no pod at all would start.
    return defaultFound === NVIDIA_RUNTIME || isDefaultGone
      ? { containerd: { default_runtime_name: RUNC_RUNTIME } }
      : {};
  }
  const binary = works ? found : runtime;
  // GPU Operator decides by itself (CONTAINERD_SET_AS_DEFAULT), and its program goes with its pod.
  const first = isGpuOperators(binary) ? undefined : NVIDIA_RUNTIME;
  const automatic = isDefaultGone ? (first ?? RUNC_RUNTIME) : (defaultFound ?? first);
  const defaultName = gpu.defaultRuntime === "auto" ? automatic : gpu.defaultRuntime;
  const cdi =
    gte(containerdVersion, FIRST_WITH_CDI) && !gte(containerdVersion, FIRST_WITH_CDI_ON)
      ? { enable_cdi: cri.enable_cdi ?? true }
      : {};
  // A drop-in of another version than the main file is not read: what it says has to be said again.
  const isSaid = works && (inForce === undefined || inForce.binary === found);
  return {
    ...cdi,
    containerd: {
      ...optional({ default_runtime_name: defaultName }),
      runtimes: { [NVIDIA_RUNTIME]: { options: isSaid ? {} : { BinaryName: binary } } },
    },
  };
}

/** Program of a runtime; empty where it is runc's. */
function programOf(cri: Table, runtime: string): string {
  const { BinaryName: program } = tableAt(cri, "containerd", "runtimes", runtime, "options");
  return typeof program === "string" ? program : "";
}

/** How containerd is set up for GPUs, as read from CRI's runtime table. */
export interface NvidiaSetup {
  /** Program of runtime `nvidia`; undefined when there is no such runtime. */
  readonly binary?: string;
  /** Runtime of pods that name none. */
  readonly defaultRuntime: string;
  /** Whether CRI takes devices from CDI specifications; undefined when the file leaves it to containerd. */
  readonly isCdiEnabled?: boolean;
}

/** Reads it. */
export function readNvidiaSetup(cri: Table): NvidiaSetup {
  const runtime = tableAt(cri, "containerd", "runtimes")[NVIDIA_RUNTIME];
  const binary = isTable(runtime) ? tableAt(runtime, "options").BinaryName : undefined;
  const { default_runtime_name: name } = tableAt(cri, "containerd");
  const { enable_cdi: cdi } = cri;
  return {
    ...(typeof binary === "string" && binary !== "" ? { binary } : {}),
    defaultRuntime: typeof name === "string" && name !== "" ? name : RUNC_RUNTIME,
    ...(typeof cdi === "boolean" ? { isCdiEnabled: cdi } : {}),
  };
}

/** What differs in `after`, in words with both values; undefined when nothing does. */
export function describeSetupChange(before: NvidiaSetup, after: NvidiaSetup): string | undefined {
  const values = ({ binary, defaultRuntime, isCdiEnabled }: NvidiaSetup) => [
    ["BinaryName of runtime nvidia", binary ?? "absent"] as const,
    ["default_runtime_name", defaultRuntime] as const,
    ["enable_cdi", isCdiEnabled === undefined ? "left to containerd" : String(isCdiEnabled)] as const,
  ];
  const were = values(before);
  const changes = values(after).flatMap(([key, now], index) =>
    were[index]?.[1] === now ? [] : [`${key} was ${were[index]?.[1]} and is ${now}`],
  );
  return changes.length === 0 ? undefined : changes.join(", ");
}
