import assert from "node:assert/strict";
import { test } from "node:test";
import { recipeName } from "./images.ts";

test("an image has its recipe by its name without tag, and one of a registry that must not answer has none", () => {
  assert.equal(recipeName("registry.k8s.io/e2e-test-images/agnhost:2.56"), "e2e-test-images/agnhost");
  assert.equal(recipeName("registry.k8s.io/pause:3.10.1"), "pause");
  assert.equal(recipeName("invalid.registry.k8s.io/invalid/alpine:3.1"), "");
});
