// A pod that is given a GPU and opens its device.
import { ask } from "./ask.ts";
import { judgePod, waitForPod } from "./pod-rows.ts";
import type { PodState } from "./pod-state.ts";
import { GPU, renderGpuPod } from "./pods.ts";
import { fail, ok, type Result, skip, warn } from "./row.ts";
import { onMachine, type Subject } from "./subject.ts";

const GPU_SECONDS = 35;

/** Tries it, where the Node offers a GPU. */
export async function tryGpu(subject: Subject): Promise<Result> {
  const { node, made, nodeName, image, isOnHostNetwork } = subject;
  if (node.gpus === 0) return skip("the Node offers no nvidia.com/gpu");
  const name = `${subject.name}-gpu`;
  const hasClass = await ask(subject, {
    verb: "get",
    object: "runtimeclass nvidia",
    made: (api) => api.hasRuntimeClass("nvidia"),
  });
  const pod = renderGpuPod({ name, node: nodeName, image, isOnHostNetwork }, hasClass);
  await ask(subject, {
    verb: "create",
    object: `pod ${made.namespace}/${name}`,
    made: (api) => made.create("pod", name, () => api.createPod(made.namespace, pod)),
  });
  const isDone = ({ kind }: PodState) => kind !== "starting" && kind !== "running";
  return judgeGpu(subject, await waitForPod(subject, { name, container: GPU, isDone, seconds: GPU_SECONDS }));
}

function judgeGpu(subject: Subject, state: PodState): Result {
  const { gpus } = subject.node;
  if (state.kind === "gpu-busy")
    return warn(
      "gpu-busy",
      `other pods have all ${gpus} GPUs: ${state.message}`,
      "Run it again with --only gpu when one is free.",
    );
  if (state.kind !== "ended") return judgePod(subject, state);
  const [, opened = ""] = /^opened:(.*)$/m.exec(state.message) ?? [];
  const [, problems = ""] = /^problems:(.*)$/m.exec(state.message) ?? [];
  const [, name] = /^GPU \d{1,3}: (.{1,100}?)(?: \(UUID|$)/m.exec(state.message) ?? [];
  if (state.exitCode === 0)
    return ok(`a pod was given 1 of ${gpus} GPUs and opened${opened}${name === undefined ? "" : `, ${name}`}`);
  return fail(
    "gpu-not-usable",
    `a pod was given a GPU and cannot open its device:${problems || ` ${state.message || "there is none in /dev"}`}`,
    `${onMachine(subject, "GpuRuntimeConfigured")}, and GpuHealthy.`,
  );
}
