import assert from "node:assert/strict";
import { test } from "node:test";
import { cloneDaemonSet, daemonSetSchema } from "../../../agent/admin/kube-proxy/clone.ts";
import { eksKubeProxy } from "./samples.ts";

const clone = (original: object = eksKubeProxy()) => cloneDaemonSet(daemonSetSchema.parse(original));

/** The original with another affinity. */
function withTerms(...nodeSelectorTerms: object[]) {
  const original = eksKubeProxy();
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
  Object.assign(original.spec.template.spec, { affinity });
  return original;
}

test("the pods are the original's, on machines of identity fargate alone", () => {
  const { spec } = clone();
  const { affinity, nodeSelector, ...pod } = spec.template.spec;
  const { affinity: _, ...original } = eksKubeProxy().spec.template.spec;
  assert.deepEqual(pod, original);
  assert.deepEqual(nodeSelector, { "eks-satellite.io/identity": "fargate" });
  assert.deepEqual(affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms, [
    { matchExpressions: [{ key: "kubernetes.io/os", operator: "In", values: ["linux"] }] },
  ]);
});

test("no selector finds pods of both, and nothing of the API server's or EKS's is carried along", () => {
  const { metadata, spec } = clone();
  assert.deepEqual(Object.keys(metadata).toSorted(), ["labels", "name", "namespace"]);
  assert.deepEqual(spec.selector.matchLabels, spec.template.metadata.labels);
  assert.notEqual(spec.template.metadata.labels["k8s-app"], "kube-proxy");
  assert.doesNotMatch(JSON.stringify(clone()), /eks\.amazonaws\.com\/component|managedFields|currentNumberScheduled/);
});

test("a copy of the copy is the copy", () => {
  assert.deepEqual(clone(clone()), clone());
});

test("a requirement that is alone in its term goes with the term: an empty one would let no node in", () => {
  const alone = {
    matchExpressions: [{ key: "eks.amazonaws.com/compute-type", operator: "NotIn", values: ["fargate"] }],
  };
  assert.deepEqual(clone(withTerms(alone)).spec.template.spec.affinity, { nodeAffinity: {} });
  const fields = [{ key: "metadata.name", operator: "In", values: ["x"] }];
  const kept = clone(withTerms({ ...alone, matchFields: fields })).spec.template.spec.affinity;
  assert.deepEqual(kept?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms, [
    { matchFields: fields, matchExpressions: [] },
  ]);
});

test("an original without affinity, and one with a selector of its own, are copied", () => {
  const original = eksKubeProxy();
  const { affinity: _, ...spec } = original.spec.template.spec;
  Object.assign(original.spec.template, { spec: { ...spec, nodeSelector: { "kubernetes.io/os": "linux" } } });
  const copied = clone(original).spec.template.spec;
  assert.equal(copied.affinity, undefined);
  assert.deepEqual(copied.nodeSelector, { "kubernetes.io/os": "linux", "eks-satellite.io/identity": "fargate" });
});
