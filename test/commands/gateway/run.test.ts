import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayRunCommand } from "../../../agent/commands/gateway/run.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const FILE = "/etc/eks-satellite/gateway.yaml";

function setUp() {
  const host = new MemoryHost();
  host.files.put(FILE, "cluster: { name: demo, region: us-west-2 }\n");
  const run = (signal = AbortSignal.abort()) =>
    gatewayRunCommand({ host, environment: {}, write: () => undefined }, FILE, signal);
  return { host, run };
}

test("a gateway needs root and a configuration", async () => {
  const { host, run } = setUp();
  host.userId = 1000;
  await assert.rejects(run(), { code: "not-root" });
  host.userId = 0;
  host.files.put(FILE, "cluster: {}\n");
  await assert.rejects(run(), { code: "config-invalid" });
});

test("a second gateway of one state folder is refused", async () => {
  const { host, run } = setUp();
  const lock = await host.files.lock("/var/lib/eks-satellite-gateway/lock");
  await assert.rejects(run(), { code: "already-running" });
  await lock?.release();
});

test("a key's file that holds none ends it, and the lock is free again", async () => {
  const { host, run } = setUp();
  host.files.put("/var/lib/eks-satellite-gateway/wireguard.key", "none");
  await assert.rejects(run(), { code: "wireguard-key-invalid" });
  assert.notEqual(await host.files.lock("/var/lib/eks-satellite-gateway/lock"), undefined);
});
