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
