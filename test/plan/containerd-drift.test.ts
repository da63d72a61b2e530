import assert from "node:assert/strict";
import { test } from "node:test";
import { listDifferences } from "../../agent/plan/containerd-drift.ts";

test("a leaf that is otherwise is named with both values, a key with dots in quotes", () => {
  const wanted = { version: 2n, plugins: { "io.containerd.grpc.v1.cri": { enable_cdi: true, cdi_spec_dirs: ["/a"] } } };
  const found = { version: 2n, plugins: { "io.containerd.grpc.v1.cri": { cdi_spec_dirs: ["/b", "/c"] } }, more: 1 };
  assert.deepEqual(listDifferences(wanted, found), [
    'plugins."io.containerd.grpc.v1.cri".enable_cdi is absent, not true',
    'plugins."io.containerd.grpc.v1.cri".cdi_spec_dirs is [/b, /c], not [/a]',
  ]);
});

test("what the user has chosen does not count, and lists that say the same are the same", () => {
  assert.deepEqual(listDifferences({ a: { b: 1, c: [1] } }, { a: { b: 2, c: [1] } }, { a: { b: 2 } }), []);
});

test("a registry's password is in no message", () => {
  const password = { registry: { configs: { "r.example": { auth: { password: "hunter2" } } } } };
  assert.deepEqual(listDifferences(password, {}), ['registry.configs."r.example".auth.password is another']);
});
