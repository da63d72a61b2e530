// The pods that are tried on the node: whether they start, and what their probe says.
import { hasCode } from "../../errors.ts";
import { ask, bounded } from "./ask.ts";
import { type PodState, readPodState } from "./pod-state.ts";
import { fail, ok, type Result } from "./row.ts";
import { onMachine, type Subject } from "./subject.ts";

/** An image of some MB must be pulled. */
const START_SECONDS = 30;
const POLL_MS = 500;

/** Waits until a container of a pod is as wanted, or will never be. @throws verify-timeout, interrupted, and what a call does */
export async function waitForPod(
  subject: Subject,
  {
    name,
    container,
    isDone,
    seconds,
  }: { name: string; container: string; isDone: (state: PodState) => boolean; seconds: number },
): Promise<PodState> {
  const { made, clock } = subject;
  let state: PodState = { kind: "starting", why: "it was not read yet" };
  const poll = async (signal: AbortSignal): Promise<PodState> => {
    while (!isDone(state)) {
      await clock.sleep(POLL_MS, signal);
      const of = { namespace: made.namespace, name };
      state = readPodState(
        await ask(subject, { verb: "get", object: `pod ${name}`, made: (api) => api.readPod(of) }),
        container,
      );
    }
    return state;
  };
  try {
    return await bounded(subject, { what: `the start of pod ${name}`, seconds, run: poll });
  } catch (error) {
    if (hasCode(error, "verify-timeout")) return state;
    throw error;
  }
}

/** Waits for the pod's page. */
export async function tryPod(subject: Subject, container: string): Promise<Result> {
  const isDone = ({ kind }: PodState) => kind !== "starting";
  const state = await waitForPod(subject, { name: subject.name, container, isDone, seconds: START_SECONDS });
  return judgePod(subject, state);
}

/** What a state that is not `running` means. */
export function judgePod(subject: Subject, state: PodState): Result {
  const { image, nodeName } = subject;
  switch (state.kind) {
    case "running":
      return ok("a pod that is bound to the node runs");
    case "image-unavailable":
      return fail(
        "image-unavailable",
        `the node cannot get the image ${image}, which is no fault of the cluster's network: ${state.message}`,
        `Name one that the node can pull: --image IMAGE, with a shell and busybox's httpd, nslookup and wget. sudo eks-satellite check --only image-pulls, on ${nodeName}, tries the registries.`,
      );
    case "pod-refused":
      return fail(
        "pod-refused",
        `kubelet refuses the pod: ${state.message}`,
        "kubectl describe node shows what the node has left, and its conditions.",
      );
    case "ended":
      return fail(
        "pod-failed",
        `the pod ended at once with exit code ${state.exitCode}: ${state.message}`,
        `The image ${image} must have a shell and busybox's httpd. Another program may have the port: run it again.`,
      );
    case "starting":
      return fail(
        "pod-not-started",
        `the pod does not run after ${START_SECONDS} s: ${state.why}`,
        `${onMachine(subject, "RuntimeReady")}, and KubeletRunning.`,
      );
    default:
      return fail("pod-failed", `the pod does not run: ${state.message}`, `${onMachine(subject, "RuntimeReady")}.`);
  }
}
