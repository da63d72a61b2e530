import assert from "node:assert/strict";
import { test } from "node:test";
import { computeTypeTaints, providerIdOf } from "../../agent/plan/node-identity.ts";
import { fargateConfig, sampleConfig } from "../fakes/samples.ts";

test("a providerID has a scheme of its own, and ends in what the cloud controller does not take for AWS's", () => {
  assert.equal(providerIdOf(sampleConfig()), "eks-hybrid:///us-west-2/demo/gpu-1");
  assert.equal(providerIdOf(fargateConfig()), "eks-satellite:///us-west-2/demo/eni-086d663f3201384e3");
  for (const config of [sampleConfig(), fargateConfig()])
    assert.doesNotMatch(providerIdOf(config), /^aws:|\/(i-|fargate-)[^/]*$/);
});

test("the compute type taints the Node where that is wanted, and once", () => {
  const taint = { key: "eks.amazonaws.com/compute-type", value: "fargate", effect: "NoSchedule" } as const;
  const { node, ...others } = fargateConfig();
  const taintsOf = (changes: Partial<typeof node>) => computeTypeTaints({ ...others, node: { ...node, ...changes } });
  assert.deepEqual(taintsOf({}), []);
  assert.deepEqual(taintsOf({ computeTypeTaint: true }), [taint]);
  assert.deepEqual(taintsOf({ computeTypeTaint: true, taints: [{ ...taint, value: "mine" }] }), []);
});
