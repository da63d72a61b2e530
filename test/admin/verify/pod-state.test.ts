// What a pod's status means: starting is waited for, everything else is an answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readPodState } from "../../../agent/admin/verify/pod-state.ts";
import type { ContainerState, PodStatus } from "../../../agent/host/verify/verify-kubernetes.ts";

const pod = (container: Partial<ContainerState> | undefined, more: Partial<PodStatus> = {}): PodStatus => ({
  ...{ phase: "Pending", reason: "", message: "" },
  ...more,
  containers: container === undefined ? [] : [{ name: "web", isRunning: false, ...container }],
});

const STATES: readonly (readonly [string, PodStatus, string])[] = [
  ["kubelet has said nothing yet", pod(undefined), "starting"],
  ["its container is made", pod({ waiting: { reason: "ContainerCreating", message: "" } }), "starting"],
  ["it runs", pod({ isRunning: true }), "running"],
  ["the image is not there", pod({ waiting: { reason: "ErrImagePull", message: "not found" } }), "image-unavailable"],
  ["the runtime refuses it", pod({ waiting: { reason: "CreateContainerError", message: "no runc" } }), "pod-failed"],
  ["kubelet refuses it", pod(undefined, { phase: "Failed", reason: "OutOfpods" }), "pod-refused"],
  ["every GPU is in use", pod(undefined, { phase: "Failed", reason: "OutOfnvidia.com/gpu" }), "gpu-busy"],
  ["it has ended", pod({ terminated: { exitCode: 1, reason: "Error", message: "bind: in use" } }), "ended"],
];

for (const [what, status, kind] of STATES)
  test(`${what}: ${kind}`, () => assert.equal(readPodState(status, "web").kind, kind));
