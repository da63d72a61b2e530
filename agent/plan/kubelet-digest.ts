// What kubelet reads only at its start, as one value: a running kubelet with another digest must be restarted.
import { createHash } from "node:crypto";
import type { NodePlan } from "./node-plan.ts";
import { filesOf } from "./resource.ts";

/** Digest of the command line and of every planned file that kubelet reads. */
export function kubeletDigest({ kubelet, resources }: NodePlan): string {
  const hash = createHash("sha256").update(JSON.stringify(kubelet));
  for (const { path, content } of filesOf("kubelet", resources)) hash.update(`\0${path}\0${content}`);
  return hash.digest("hex");
}
