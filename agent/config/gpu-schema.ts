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
  taint: z
    .boolean()
    .default(false)
    .describe(
      "Whether a machine with GPUs registers with nvidia.com/gpu=present:NoSchedule, so that other pods stay away.",
    ),
});
