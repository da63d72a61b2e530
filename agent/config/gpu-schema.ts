// The section of the configuration that says what is expected of NVIDIA GPUs.
import * as z from "zod";

/** What an administrator makes of an Xid. */
const XID_POLICIES = ["ignore", "warn"] as const;
const MAX_XIDS = 100;

/** How GPUs are watched, and whether pods must ask for them. */
export const gpuSchema = z.strictObject({
  mode: z
    .enum(["auto", "required", "off"])
    .default("auto")
    .describe(
      "auto: GPUs are watched where there are any. required: the node is ready only with healthy GPUs. off: GPUs are not watched.",
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
      "What happens on a fault that needs a reset, a reboot or a replacement. report: it is reported. cordon: the Node also takes no new pods until the fault is over.",
    ),
  defaultRuntime: z
    .enum(["auto", "nvidia", "runc"])
    .default("auto")
    .describe(
      "containerd's runtime for pods that name none. auto: nvidia where nvidia-container-runtime is installed, unless the configuration already names another default; GPU Operator decides about its own toolkit.",
    ),
  xids: z
    .record(z.string().regex(/^\d{1,4}$/, "must be the number of an Xid, such as 94"), z.enum(XID_POLICIES))
    .refine((xids) => Object.keys(xids).length <= MAX_XIDS, `has more than ${MAX_XIDS} Xids`)
    .default({})
    .describe(
      "Xids that are no fault here, such as {94: ignore, 63: warn}. ignore: it is counted alone. warn: it is also logged as a warning. An Xid that is not named is judged by NVIDIA's catalogue.",
    ),
  taint: z
    .boolean()
    .default(false)
    .describe(
      "Whether a machine with GPUs registers with nvidia.com/gpu=present:NoSchedule, so that other pods stay away.",
    ),
});

/** The section, with its defaults filled in. */
export type GpuConfig = z.infer<typeof gpuSchema>;
