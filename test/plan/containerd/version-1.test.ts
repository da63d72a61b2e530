import assert from "node:assert/strict";
import { test } from "node:test";
import { parseToml } from "../../../agent/facts/containerd.ts";
import { upgradeFromV1 } from "../../../agent/plan/containerd/version-1.ts";

test("lists of plugins by bare words get the full names that containerd 2 gives them", () => {
  const table = parseToml(
    'disabled_plugins = ["aufs", "restart", "tasks-service", "mine", "io.containerd.gc.v1.scheduler"]\nrequired_plugins = ["cri"]\n',
  );
  const { disabled_plugins, required_plugins, version } = upgradeFromV1(table, "1.7.27");
  assert.deepEqual(disabled_plugins, [
    "io.containerd.snapshotter.v1.aufs",
    "io.containerd.internal.v1.restart",
    "io.containerd.service.v1.tasks-service",
    "io.containerd.grpc.v1.mine",
    "io.containerd.gc.v1.scheduler",
  ]);
  assert.deepEqual(required_plugins, ["io.containerd.grpc.v1.cri"]);
  assert.equal(version, 2n);
});

test("a file of a later version is left alone", () => {
  const table = parseToml('version = 2\nrequired_plugins = ["cri"]\n');
  assert.equal(upgradeFromV1(table, "2.2.0"), table);
});
