// The part of the configuration that says what is expected of NVIDIA GPUs.
import * as z from "zod";

/** What to make of GPUs, and whether pods must ask for them. */
export const gpuSchema = z.strictObject({
  mode: z
    .enum(["auto", "required", "off"])
    .default("auto")
    .describe(
      "auto: GPUs that are there are watched. required: the node is ready only with GPUs that are healthy. off: nobody looks.",
    ),
  onFatal: z
    .enum(["report", "cordon"], {
      error: ({ input }) =>
        input === "taint"
          ? "cannot be taint: the cluster's NodeRestriction lets no node change its own taints; cordon keeps new pods away too"
          : 'must be "report" or "cordon"',
    })
    .default("report")
    .describe(
      "What a fault that needs a reset, a reboot or a replacement does beside being reported. cordon: the Node takes no new pods until it is over.",
    ),
  defaultRuntime: z
    .enum(["auto", "nvidia", "runc"])
    .default("auto")
    .describe(
      "containerd's runtime for pods that name none. auto: nvidia where nvidia-container-runtime is installed, unless somebody else has chosen one; GPU Operator decides on its own toolkit.",
    ),
  taint: z
    .boolean()
    .default(false)
    .describe(
      "Whether a machine with GPUs registers with nvidia.com/gpu=present:NoSchedule, so that other pods stay away.",
    ),
});

/** The part as it is in force. */
export type GpuConfig = z.infer<typeof gpuSchema>;
