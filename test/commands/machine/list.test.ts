import assert from "node:assert/strict";
import { test } from "node:test";
import { TAGS } from "../../../agent/admin/lambda/tags.ts";
import { type ListOptions, listCommand } from "../../../agent/commands/machine/list.ts";
import { setUpAdmin } from "../../fakes/memory-admin.ts";
import { apiError } from "../../fakes/memory-kubernetes.ts";
import { MemoryLambda } from "../../fakes/memory-lambda.ts";

const ARN = "arn:aws:eks:us-west-2:111122223333:cluster/demo";
const TWO_HOURS_AGO = "2026-01-02T01:04:05Z";
const CLUSTER = { cluster: "demo", region: "us-west-2" };

function setUp() {
  const { host, context, kubernetes, print, said, forget, aws } = setUpAdmin();
  const memory = new MemoryLambda(host.clock);
  const { openAdmin } = context;
  const list = (options: Partial<ListOptions> = {}) =>
    listCommand({ lambda: async () => memory, openAdmin, now: host.clock.now }, { output: "text", ...options }, print);
  const node = (name: string, isReady: boolean, unschedulable = false) => ({
    metadata: { name, labels: { "eks.amazonaws.com/compute-type": "hybrid" } },
    spec: { unschedulable },
    status: { conditions: [{ type: "Ready", status: isReady ? "True" : "Unknown" }] },
  });
  const putNodes = (...items: readonly object[]) => {
    kubernetes.answer = () => JSON.stringify({ items });
  };
  const launched = (name: string, cluster = ARN) => ({
    name,
    tags: { [TAGS.node]: name, [TAGS.cluster]: cluster, [TAGS.since]: TWO_HOURS_AGO },
  });
  return { memory, kubernetes, aws, list, node, putNodes, launched, said, forget };
}

test("machines are listed with the Node that they were launched for, and what they cost together", async () => {
  const { memory, list, launched, said, forget } = setUp();
  assert.equal(await list(), 0);
  assert.equal(said(), "no machine is rented\n");
  forget();
  memory.put({ ...launched("gpu-1"), name: "x" });
  memory.put({ name: "by-hand", status: "unhealthy", address: undefined });
  memory.put({ name: "old", status: "terminated" });
  assert.equal(await list(), 0);
  assert.equal(
    said(),
    [
      "NAME     TYPE        CLOUD      ADDRESS       STATE      NODE           USD/h  SINCE",
      "by-hand  gpu_1x_a10  us-west-1  -             unhealthy  none !         0.75   -",
      "gpu-1    gpu_1x_a10  us-west-1  198.51.100.1  active     gpu-1 in demo  0.75   2h",
      "! by-hand: Lambda Cloud cannot reach it: it costs all the same → eks-satellite machine restart by-hand",
      "2 machines, 1.50 USD an hour",
      "",
    ].join("\n"),
  );
});

test("beside the Nodes of a cluster it shows what costs and is no Node, and Nodes without a machine", async () => {
  const { memory, list, node, putNodes, launched, said } = setUp();
  for (const name of ["gpu-1", "gpu-2"]) memory.put(launched(name));
  memory.put(launched("gpu-3", `${ARN}-2`));
  putNodes(node("gpu-1", true, true), node("gpu-7", false));
  assert.equal(await list(CLUSTER), 0);
  assert.equal(
    said(),
    [
      "NAME   TYPE        CLOUD      ADDRESS       STATE   NODE                            USD/h  SINCE",
      "gpu-1  gpu_1x_a10  us-west-1  198.51.100.1  active  gpu-1 Ready,SchedulingDisabled  0.75   2h",
      "gpu-2  gpu_1x_a10  us-west-1  198.51.100.2  active  none !                          0.75   2h",
      "gpu-3  gpu_1x_a10  us-west-1  198.51.100.3  active  gpu-3 in demo-2                 0.75   2h",
      "-      -           -          -             -       gpu-7 NotReady !                -      -",
      "! gpu-2: no Node: it costs and does nothing → eks-satellite machine terminate gpu-2",
      "! gpu-7: a Node without a machine here: if that is gone → kubectl delete node gpu-7",
      "3 machines, 2.25 USD an hour",
      "",
    ].join("\n"),
  );
});

test("Nodes that may not be read, and a cluster that is not there, hide no machine", async () => {
  const { memory, kubernetes, aws, list, launched, said, forget } = setUp();
  memory.put(launched("gpu-1"));
  kubernetes.answer = () => {
    throw apiError(403, "nodes is forbidden");
  };
  assert.equal(await list(CLUSTER), 1);
  assert.match(said(), /^gpu-1 .* gpu-1 in demo /m);
  assert.match(said(), /^! the Nodes of demo are not shown: list of nodes was denied to .* → Use credentials/m);
  forget();
  aws.cluster = { ...aws.cluster, status: "CREATING", endpoint: "" };
  assert.equal(await list({ ...CLUSTER, output: "json" }), 1);
  const { machines, unread } = JSON.parse(said());
  assert.equal(machines[0].machine.since, "2026-01-02T01:04:05.000Z");
  assert.equal(unread[0].cluster, "demo");
});

test("a cluster needs its region, and Lambda is not asked before that is known", async () => {
  for (const options of [{ cluster: "demo" }, { region: "us-west-2" }, { kubeconfig: "file" }]) {
    const { memory, list } = setUp();
    await assert.rejects(list(options), { code: "options-invalid" });
    assert.deepEqual(memory.calls, []);
  }
});

test("JSON has machine, Node and problem of each line", async () => {
  const { memory, list, node, putNodes, launched, said } = setUp();
  memory.put(launched("gpu-1"));
  putNodes(node("gpu-1", false), node("gpu-7", true));
  await list({ ...CLUSTER, output: "json" });
  const { machines } = JSON.parse(said());
  assert.deepEqual(
    machines.map((each: { machine?: { name: string }; node?: { name: string }; problem?: { remedy: string } }) => [
      each.machine?.name,
      each.node?.name,
      each.problem?.remedy,
    ]),
    [
      ["gpu-1", "gpu-1", "kubectl describe node gpu-1"],
      [undefined, "gpu-7", undefined],
    ],
  );
});

test("a status and words that are not known are shown in one line", async () => {
  const { memory, list, said } = setUp();
  memory.put({ name: `two\nlines${"x".repeat(100)}`, status: "hibernating" });
  await list();
  assert.match(said(), /two ⏎ linesx+… and \d+ more characters .*hibernating/);
});
