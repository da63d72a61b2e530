import assert from "node:assert/strict";
import { test } from "node:test";
import { renderModule } from "./kubernetes-module.ts";

const upstream = `module k8s.io/kubernetes

go 1.23.0

require k8s.io/api v0.0.0

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/kubelet => ./staging/src/k8s.io/kubelet
)
`;

test("each staging module is replaced by its published version", () => {
  const module = renderModule("1.31.14", upstream);
  assert.match(module, /^replace k8s\.io\/api => k8s\.io\/api v0\.31\.14$/m);
  assert.match(module, /^replace k8s\.io\/kubelet => k8s\.io\/kubelet v0\.31\.14$/m);
  assert.match(module, /^require k8s\.io\/kubernetes v1\.31\.14$/m);
  assert.match(module, /^go 1\.23\.0$/m);
});
