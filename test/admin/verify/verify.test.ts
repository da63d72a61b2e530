// verify: what is well, what is made, and that nothing stays in the cluster, however a run ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ROW_NAMES } from "../../../agent/admin/verify/row.ts";
import { apiError } from "../../fakes/memory-kubernetes.ts";
import type { MemoryVerify } from "../../fakes/memory-verify.ts";
import { notRunning, setUpVerify } from "../../fakes/verified-node.ts";

test("a node that is well has no failure, and what was made is removed", async () => {
  const { kubernetes, finish, outcomes } = setUpVerify();
  const { left } = await finish();
  assert.deepEqual(outcomes(), [...ROW_NAMES.filter((name) => name !== "gpu").map((name) => `${name} ok`), "gpu skip"]);
  assert.deepEqual(left, []);
  assert.ok(kubernetes.pods.length > 0);
  assert.deepEqual([...kubernetes.objects], []);
});

test("a node that offers GPUs is given a pod that opens one", async () => {
  const { kubernetes, finish, rows } = setUpVerify((cluster) => {
    cluster.node = { ...(cluster.node as NonNullable<typeof cluster.node>), gpus: 8 };
    cluster.gpuReport = {
      ...{ exitCode: 0, reason: "Completed" },
      message: "opened: /dev/nvidia3\nproblems:\nGPU 0: NVIDIA A10 (UUID: GPU-1)\n",
    };
  });
  await finish();
  assert.equal(rows.at(-1)?.message, "a pod was given 1 of 8 GPUs and opened /dev/nvidia3, NVIDIA A10");
  assert.deepEqual([...kubernetes.objects], []);
});

test("GPUs that other pods have are no fault, and a device that cannot be opened is one", async () => {
  const withGpus = (cluster: MemoryVerify) => {
    cluster.node = { ...(cluster.node as NonNullable<typeof cluster.node>), gpus: 1 };
  };
  const busy = setUpVerify((cluster) => {
    withGpus(cluster);
    const message =
      "Allocate failed due to requested number of devices unavailable for nvidia.com/gpu. Requested: 1, Available: 0";
    cluster.status = { phase: "Failed", reason: "UnexpectedAdmissionError", message, containers: [] };
  });
  await busy.finish(busy.run(["gpu"]));
  assert.deepEqual(busy.outcomes(), ["gpu gpu-busy"]);
  assert.equal(busy.rows[0]?.outcome, "warn");
  const lost = setUpVerify((cluster) => {
    withGpus(cluster);
    cluster.gpuReport = {
      exitCode: 1,
      reason: "Error",
      message: "opened:\nproblems: can't open /dev/nvidia0: Input/output error\n",
    };
  });
  await lost.finish(lost.run(["gpu"]));
  assert.deepEqual(lost.outcomes(), ["gpu gpu-not-usable"]);
  assert.match(lost.rows[0]?.message ?? "", /Input\/output error/);
});

test("a Node that is not Ready gets no pod, and kubelet is asked all the same", async () => {
  const { kubernetes, finish, outcomes } = setUpVerify((cluster) => {
    const ready = { status: "Unknown", reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." };
    cluster.node = { ...(cluster.node as NonNullable<typeof cluster.node>), ready };
  });
  await finish();
  assert.deepEqual(outcomes().slice(0, 3), ["node node-not-ready", "kubelet ok", "pod skip"]);
  assert.deepEqual(kubernetes.pods, []);
});

test("a Node that does not exist is an error, and so is an API server that does not know the user", async () => {
  const missing = setUpVerify((cluster) => {
    cluster.node = undefined;
  });
  await assert.rejects(missing.finish(), { code: "node-not-found" });
  const unknown = setUpVerify(({ faults }) => faults.set("readNode", apiError(401, "Unauthorized")));
  await assert.rejects(unknown.finish(), { code: "api-unauthorized", message: /kubeconfig k/ });
});

test("Ctrl-C in the middle ends every row and removes what was made", async () => {
  const { kubernetes, clock, stop, run, finish, outcomes } = setUpVerify((cluster) => {
    cluster.status = notRunning("ContainerCreating");
  });
  const running = run();
  await clock.advance(3000);
  assert.equal(kubernetes.objects.size, 2);
  stop.abort();
  await finish(running);
  assert.deepEqual(outcomes().slice(2, 4), ["pod skip", "logs skip"]);
  assert.deepEqual([...kubernetes.objects], []);
});

test("an API server that falls silent costs less than a minute, and what may be left is named", async () => {
  const { finish, outcomes } = setUpVerify(({ faults }) => {
    for (const call of ["createPod", "readPod", "askNode", "remove", "list"] as const) faults.set(call, "silent");
  });
  const { left } = await finish();
  assert.ok(outcomes().includes("pod verify-timeout"), outcomes().join());
  assert.deepEqual(left.map((each) => each.split(":")[0]).toSorted(), [
    "pod default/eks-satellite-verify-0011aabb",
    "service default/eks-satellite-verify-0011aabb",
  ]);
});

test("what a killed run has left is removed by a later one; what a run of this minute has made stays", async () => {
  const { kubernetes, clock, finish } = setUpVerify();
  kubernetes.objects.set("pod eks-satellite-verify-old", clock.now() - 121_000);
  kubernetes.objects.set("service eks-satellite-verify-old", clock.now() - 121_000);
  kubernetes.objects.set("pod eks-satellite-verify-now", clock.now() - 5000);
  const { removedOfOthers } = await finish();
  assert.equal(removedOfOthers, 2);
  assert.deepEqual([...kubernetes.objects.keys()], ["pod eks-satellite-verify-now"]);
});

test("the rows that are left out make nothing", async () => {
  const { kubernetes, finish, run, outcomes } = setUpVerify();
  await finish(run(["node", "kubelet"]));
  assert.deepEqual(outcomes(), ["node ok", "kubelet ok"]);
  assert.deepEqual(kubernetes.pods, []);
});
