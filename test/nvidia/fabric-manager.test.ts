import assert from "node:assert/strict";
import { test } from "node:test";
import { createFabricManagerReader } from "../../agent/nvidia/fabric-manager.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

test("the fabric manager is found by its shortened name, and its end and its next start are noticed", async () => {
  const host = new MemoryHost();
  const isRunning = createFabricManagerReader(host);
  host.files.put("/proc/7/comm", "bash\n");
  assert.equal(await isRunning(), false);
  host.files.put("/proc/8/comm", "nv-fabricmanage\n");
  assert.equal(await isRunning(), true);
  host.files.put("/proc/8/comm", "bash\n");
  assert.equal(await isRunning(), false, "the pid belongs to another process now");
  host.files.put("/proc/9/comm", "nv-fabricmanage\n");
  assert.equal(await isRunning(), true);
});

test("the pid is remembered: a running fabric manager costs no search", async () => {
  const host = new MemoryHost();
  const isRunning = createFabricManagerReader(host);
  host.files.put("/proc/8/comm", "nv-fabricmanage\n");
  assert.equal(await isRunning(), true);
  host.files.list = () => assert.fail("all processes were searched");
  assert.equal(await isRunning(), true);
});
