// Whether a pod on this machine would get a GPU: the same report as the daemon's condition, from the current files.

import { CDI_SPEC } from "../config/paths.ts";
import { readContainerdFacts } from "../facts/containerd-facts.ts";
import { readGpus } from "../facts/gpu.ts";
import { reportRuntime } from "../gpu/gpu-runtime.ts";
import { type Check, fail, local, ok, warn } from "./check.ts";

export const GPU_RUNTIME_CHECK: Check = local({
  name: "gpu-runtime",
  checks: "containerd has a runtime for GPUs, and the GPUs have a CDI specification",
  run: async ({ host }, { gpu, containerd }) => {
    if (gpu.mode === "off") return ok("gpu.mode is off");
    const facts = await readGpus(host);
    if (facts.busIds.length === 0) return ok("no NVIDIA GPU on the PCI bus");
    const found = await readContainerdFacts(host, containerd.configFile);
    const { status, message, hint } = reportRuntime(facts, found);
    if (status === "False") return fail(message, hint ?? "eks-satellite status.");
    if (status === "Unknown")
      return warn(`containerd has no runtime nvidia yet: ${message}`, "eks-satellite plan --diff.");
    const hasSpec = (await host.files.status(CDI_SPEC)) !== undefined;
    return ok(`${message}; ${hasSpec ? `CDI specification ${CDI_SPEC}` : "no CDI specification"}`);
  },
});
