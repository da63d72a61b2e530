// The part of the configuration that says what is expected of NVIDIA GPUs.
import * as z from "zod";

/** What to make of GPUs. */
export const gpuSchema = z.strictObject({
  mode: z
    .enum(["auto", "required", "off"])
    .default("auto")
    .describe(
      "auto: GPUs that are there are watched. required: the node is ready only with GPUs that are healthy. off: nobody looks.",
    ),
});
