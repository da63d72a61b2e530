// What kubelet reads only at its start, as one value: a running kubelet with another digest must be restarted.
import { sha256 } from "../digest.ts";
import type { NodePlan } from "./node-plan.ts";
import { restarts } from "./resource.ts";

/** Digest of the command line and of every planned file that kubelet reads. */
export function kubeletDigest({ kubelet, resources }: NodePlan): string {
  const files = resources
    .filter((resource) => restarts("supervisor", resource))
    .map(({ path, content }) => `\0${path}\0${content}`);
  return sha256([JSON.stringify(kubelet), ...files].join(""));
}
