import assert from "node:assert/strict";
import { test } from "node:test";
import { createAskKubernetes } from "../../../agent/admin/kubernetes-call.ts";
import { createAdminClient } from "../../../agent/admin/machine/kubernetes-client.ts";
import { drain } from "../../../agent/reset/drain.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { apiError, MemoryKubernetes } from "../../fakes/memory-kubernetes.ts";
import { sampleCluster } from "../../fakes/samples.ts";

function setUp() {
  const kubernetes = new MemoryKubernetes();
  const connect = async () => kubernetes;
  const client = createAdminClient(createAskKubernetes({ cluster: sampleCluster(), caller: "joe", connect }));
  return { kubernetes, client };
}

test("a node is drained with an administrator's rights by the code that drains it with its own", async () => {
  const { kubernetes, client } = setUp();
  const pods = [{ metadata: { namespace: "default", name: "web" } }];
  kubernetes.answer = (method) => JSON.stringify({ items: method === "GET" ? pods.splice(0) : [] });
  const { clock } = new MemoryHost();
  const draining = drain({ clock, client, node: "gpu-1" }, 60);
  await clock.advance(2000);
  assert.deepEqual(await draining, []);
  assert.deepEqual(kubernetes.sent.slice(0, 3), [
    "PATCH /api/v1/nodes/gpu-1",
    "GET /api/v1/pods?fieldSelector=spec.nodeName%3Dgpu-1",
    "POST /api/v1/namespaces/default/pods/web/eviction",
  ]);
});

test("a refusal names the caller, and what was asked", async () => {
  const { kubernetes, client } = setUp();
  kubernetes.answer = () => {
    throw apiError(403, "no");
  };
  await assert.rejects(client.delete("/api/v1/nodes/gpu-1"), {
    code: "api-forbidden",
    message: /delete of .*gpu-1.*joe/,
  });
  await assert.rejects(client.ask("/api/v1/x", {}), { code: "api-forbidden", message: /create/ });
  await assert.rejects(
    client.watch("/api/v1/nodes", () => undefined, AbortSignal.abort()),
    { code: "unexpected" },
  );
});
