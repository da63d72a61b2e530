import assert from "node:assert/strict";
import { test } from "node:test";
import { createAskKubernetes } from "../../../agent/admin/kubernetes-call.ts";
import { readClusterNodes } from "../../../agent/admin/machine/cluster-nodes.ts";
import { apiError, MemoryKubernetes } from "../../fakes/memory-kubernetes.ts";
import { sampleCluster } from "../../fakes/samples.ts";

const ARN = "arn:aws:eks:us-west-2:111122223333:cluster/demo";

function setUp(...pages: readonly object[]) {
  const kubernetes = new MemoryKubernetes();
  const left = [...pages];
  kubernetes.answer = () => JSON.stringify(left.length > 1 ? left.shift() : left[0]);
  const askKubernetes = createAskKubernetes({
    cluster: sampleCluster(),
    caller: "joe",
    connect: async () => kubernetes,
  });
  return { kubernetes, read: () => readClusterNodes({ arn: ARN, askKubernetes }) };
}

const NODE = {
  metadata: { name: "gpu-1", labels: { "eks.amazonaws.com/compute-type": "hybrid" } },
  spec: { unschedulable: true },
  status: {
    conditions: [{ type: "Ready", status: "True" }],
    addresses: [{ type: "InternalIP", address: "10.0.2.9" }],
  },
};

test("Nodes are read page by page", async () => {
  const { kubernetes, read } = setUp(
    { metadata: { continue: "a b" }, items: [NODE] },
    { metadata: {}, items: [{ metadata: { name: "ip-10-0-0-1" } }] },
  );
  assert.deepEqual(await read(), {
    arn: ARN,
    nodes: [
      { name: "gpu-1", isReady: true, isCordoned: true, isSatellite: true, internalAddress: "10.0.2.9" },
      { name: "ip-10-0-0-1", isReady: false, isCordoned: false, isSatellite: false, internalAddress: undefined },
    ],
  });
  assert.deepEqual(kubernetes.sent, ["GET /api/v1/nodes?limit=200", "GET /api/v1/nodes?limit=200&continue=a+b"]);
});

test("a Node of identity fargate is a satellite by its own label, and one of AWS's Fargate is none", async () => {
  const labels = { "eks.amazonaws.com/compute-type": "fargate" };
  const own = { metadata: { name: "own", labels: { ...labels, "eks-satellite.io/identity": "fargate" } } };
  const { read } = setUp({ items: [own, { metadata: { name: "aws", labels } }] });
  assert.deepEqual(
    (await read()).nodes.map(({ name, isSatellite }) => [name, isSatellite]),
    [
      ["own", true],
      ["aws", false],
    ],
  );
});

test("pages without end have one, and a denial says what to allow", async () => {
  const endless = setUp({ metadata: { continue: "more" }, items: [] });
  await assert.rejects(endless.read(), { code: "nodes-too-many" });
  assert.equal(endless.kubernetes.sent.length, 25);
  const denied = setUp({});
  denied.kubernetes.answer = () => {
    throw apiError(403, "nodes is forbidden");
  };
  await assert.rejects(denied.read(), { code: "api-forbidden", message: /list of nodes was denied to joe/ });
});

test("an empty answer is a cluster without Nodes", async () => {
  assert.deepEqual(await setUp({ items: null }).read(), { arn: ARN, nodes: [] });
});
