import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../../../agent/admin/lambda/api.ts";
import { TAGS } from "../../../agent/admin/lambda/tags.ts";
import { type ClusterNode, compareMachines } from "../../../agent/admin/machine/compare.ts";
import { MemoryClock } from "../../fakes/memory-clock.ts";
import { MemoryLambda } from "../../fakes/memory-lambda.ts";

const ARN = "arn:aws:eks:us-west-2:111122223333:cluster/demo";
const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const HOUR_AGO = "2026-01-02T02:04:05Z";
const NODE: ClusterNode = {
  ...{ name: "gpu-1", isReady: true, isCordoned: false, isSatellite: true, internalAddress: "10.0.2.9" },
};

async function machine(change: Partial<Machine> = {}): Promise<Machine> {
  const lambda = new MemoryLambda(new MemoryClock());
  const tags = { [TAGS.node]: "gpu-1", [TAGS.cluster]: ARN, [TAGS.since]: HOUR_AGO };
  lambda.put({ tags, ...change, name: change.name ?? "gpu-1" });
  const [made] = await lambda.list();
  assert.ok(made);
  return { ...made, status: change.status ?? "active" };
}

async function compare(change: Partial<Machine>, nodes: readonly ClusterNode[]) {
  const listed = compareMachines([await machine(change)], { arn: ARN, nodes }, NOW_MS);
  return listed.map(({ machine: of, node, problem }) => ({
    machine: of?.name,
    node: node?.name,
    problem: problem && `${problem.text} → ${problem.remedy}`,
  }));
}

test("a machine whose Node is Ready has no problem", async () => {
  assert.deepEqual(await compare({}, [NODE]), [{ machine: "gpu-1", node: "gpu-1", problem: undefined }]);
});

test("a machine that is no Node costs and does nothing, unless it was just launched", async () => {
  const problem = "no Node: it costs and does nothing → eks-satellite machine terminate gpu-1";
  assert.deepEqual(await compare({}, []), [{ machine: "gpu-1", node: undefined, problem }]);
  const tags = { [TAGS.node]: "gpu-1", [TAGS.cluster]: ARN, [TAGS.since]: "2026-01-02T02:50:00Z" };
  assert.equal((await compare({ tags }, []))[0]?.problem, undefined);
  assert.equal((await compare({ status: "booting" }, []))[0]?.problem, undefined);
});

test("a machine that eks-satellite did not launch, or that another cluster has, is no problem of this cluster", async () => {
  for (const tags of [{}, { [TAGS.node]: "gpu-1", [TAGS.cluster]: `${ARN}-2` }])
    assert.deepEqual(await compare({ tags, name: "x", hostname: "x" }, []), [
      { machine: "x", node: undefined, problem: undefined },
    ]);
  const other = { [TAGS.node]: "gpu-1", [TAGS.cluster]: `${ARN}-2` };
  assert.deepEqual(
    (await compare({ tags: other }, [NODE])).map(({ node }) => node),
    [undefined, "gpu-1"],
  );
});

for (const [what, change] of [
  ["name", { name: "gpu-1", hostname: "x" }],
  ["host name", { name: "x", hostname: "gpu-1" }],
  ["private address", { name: "x", hostname: "x", privateAddress: "10.0.2.9" }],
] as const)
  test(`a machine that was launched by hand is found by its ${what}, and only as a satellite`, async () => {
    assert.equal((await compare({ ...change, tags: {} }, [NODE]))[0]?.node, "gpu-1");
    assert.equal((await compare({ ...change, tags: {} }, [{ ...NODE, isSatellite: false }]))[0]?.node, undefined);
  });

test("a Node that is not Ready, an unhealthy machine and one that was taken back are problems", async () => {
  assert.match((await compare({}, [{ ...NODE, isReady: false }]))[0]?.problem ?? "", /not Ready → kubectl describe/);
  assert.match((await compare({ status: "unhealthy" }, [NODE]))[0]?.problem ?? "", /→ eks-satellite machine restart/);
  assert.match((await compare({ status: "preempted" }, [NODE]))[0]?.problem ?? "", /→ eks-satellite machine terminate/);
});

test("a satellite without a machine is listed, and is a problem when it is not Ready", async () => {
  const ready = { ...NODE, name: "b-elsewhere" };
  const lost = { ...NODE, name: "a-lost", isReady: false };
  const nodes = [ready, lost, { ...NODE, name: "ip-10-0-0-1", isSatellite: false }, NODE];
  assert.deepEqual((await compare({}, nodes)).slice(1), [
    {
      machine: undefined,
      node: "a-lost",
      problem: "a Node without a machine here: if that is gone → kubectl delete node a-lost",
    },
    { machine: undefined, node: "b-elsewhere", problem: undefined },
  ]);
});

test("terminated machines cost nothing, and are not listed", async () => {
  assert.deepEqual(await compare({ status: "terminated" }, []), []);
});
