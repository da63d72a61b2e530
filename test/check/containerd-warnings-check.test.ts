import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpCheck } from "../fakes/check-machine.ts";

test("a deprecation is a warning that names it, and leaves cri ok", async () => {
  const { containerd, find } = setUpCheck();
  assert.equal((await find("containerd-warnings")).outcome, "ok");
  const condition = { type: "ContainerdHasNoDeprecationWarnings", isTrue: false, reason: "Has" };
  containerd.conditions.push({ ...condition, message: '{"io.containerd.deprecation/cgroup-v1":"use cgroup v2"}' });
  assert.equal((await find("cri")).outcome, "ok");
  const { outcome, evidence } = await find("containerd-warnings");
  assert.deepEqual([outcome, evidence], ["warn", "containerd has deprecations: cgroup-v1: use cgroup v2"]);
  containerd.conditions.push({ type: "Other", isTrue: false, reason: "Why", message: "x".repeat(5000) });
  assert.equal((await find("containerd-warnings")).evidence.length, 1000);
  containerd.stop();
  assert.equal((await find("containerd-warnings")).outcome, "unknown");
});
