import assert from "node:assert/strict";
import { test } from "node:test";
import { isLabelKey, isOwnNodeLabel } from "../../agent/config/label-key.ts";
import { parseConfig } from "../../agent/config/load.ts";

test("kubelet may label its Node in domains of the user's and of AWS, and in the few of Kubernetes' own that it knows", () => {
  for (const key of [
    "team",
    "example.com/team",
    "eks.amazonaws.com/zone",
    "node.kubernetes.io/pool",
    "topology.kubernetes.io/zone",
  ]) {
    assert.ok(isOwnNodeLabel(key), key);
  }
  for (const key of [
    "kubernetes.io/role",
    "node-role.kubernetes.io/gpu",
    "node-restriction.kubernetes.io/team",
    "x.k8s.io/y",
  ]) {
    assert.ok(!isOwnNodeLabel(key), key);
  }
});

test("a key is at most one prefix and one name", () => {
  assert.ok(isLabelKey("a.b/c_d"));
  for (const key of ["", "a/b/c", "/name", "-name", "Upper.case/name"]) assert.ok(!isLabelKey(key), key);
});

test("a label that kubelet would refuse is refused with its line", () => {
  const text = `cluster: { name: c, region: us-east-1 }
credentials: { keysFile: /keys }
node:
  labels:
    node-role.kubernetes.io/gpu: "true"
`;
  assert.throws(
    () => parseConfig(text, "config.yaml", "host"),
    /config\.yaml:5: node\.labels\.node-role\.kubernetes\.io\/gpu: .*use a domain of your own/,
  );
});
