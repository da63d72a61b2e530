import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRequest } from "../../agent/host/host.ts";
import { CORDON_ANNOTATION } from "../../agent/kubernetes/node-api.ts";
import {
  accessAsNode,
  confirmEnd,
  deleteNode,
  drain,
  listEvictablePods,
  listTerminatingPods,
} from "../../agent/reset/drain.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { sampleCluster } from "../fakes/samples.ts";

interface Pod {
  readonly metadata: object;
  readonly status?: object;
}
const pod = (name: string, more: object = {}, status: object = { phase: "Running" }): Pod => ({
  metadata: { name, namespace: "default", ...more },
  status,
});

/** An API server with these pods; those that a budget protects are not evicted. */
function setUp(pods: readonly Pod[], kept: readonly string[] = []) {
  const host = new MemoryHost();
  const requests: HttpRequest[] = [];
  let items = [...pods];
  host.onFetch = (request) => {
    requests.push(request);
    const { url, method = "GET" } = request;
    if (method === "DELETE") return { status: 403, body: "nodes is forbidden" };
    if (method === "PATCH") return { status: 200, body: "{}" };
    if (method === "GET") return { status: 200, body: JSON.stringify({ items }) };
    const name = /pods\/([^/]+)\/eviction$/.exec(url)?.[1] ?? "";
    if (kept.includes(name)) return { status: 429, body: "budget" };
    items = items.filter(({ metadata }) => (metadata as { name: string }).name !== name);
    return { status: 201, body: "{}" };
  };
  const access = accessAsNode(host, { cluster: sampleCluster(), token: "k8s-aws-v1.x", node: "gpu-1" });
  const evicted = () => requests.filter(({ url }) => url.endsWith("/eviction")).map(({ url }) => url.split("/").at(-2));
  return { host, access, requests, evicted };
}

test("pods of DaemonSets, of files, and those that have ended are not evicted", async () => {
  const { access, requests } = setUp([
    pod("web"),
    pod("proxy", { ownerReferences: [{ kind: "DaemonSet" }] }),
    pod("static", { annotations: { "kubernetes.io/config.mirror": "x" } }),
    pod("job", {}, { phase: "Succeeded" }),
  ]);
  assert.deepEqual(await listEvictablePods(access), [{ namespace: "default", name: "web" }]);
  assert.match(requests[0]?.url ?? "", /fieldSelector=spec\.nodeName%3Dgpu-1$/);
  assert.equal(requests[0]?.headers?.authorization, "Bearer k8s-aws-v1.x");
});

test("the Node is cordoned, its pods are evicted, and all are waited for", async () => {
  const { host, access, requests, evicted } = setUp([pod("web"), pod("db")]);
  const draining = drain(access, 60);
  await host.clock.advance(2000);
  assert.deepEqual(await draining, []);
  // Also a Node that the daemon has cordoned for its GPUs: it must not lift this cordon.
  const cordon = { metadata: { annotations: { [CORDON_ANNOTATION]: null } }, spec: { unschedulable: true } };
  assert.deepEqual([requests[0]?.method, requests[0]?.body], ["PATCH", JSON.stringify(cordon)]);
  assert.deepEqual(evicted(), ["web", "db"]);
});

test("the eviction of a pod that a budget protects is repeated until the time is over, and then the pod is reported", async () => {
  const { host, access, evicted } = setUp([pod("web"), pod("db")], ["db"]);
  const draining = drain(access, 10);
  await host.clock.advance(20_000);
  assert.deepEqual(await draining, [{ namespace: "default", name: "db" }]);
  assert.ok(evicted().filter((name) => name === "db").length >= 4);
});

test("without a kubelet that would end the pods they are evicted once, and not waited for", async () => {
  const { access, evicted } = setUp([pod("web"), pod("db")]);
  assert.deepEqual(await drain(access, 0), [
    { namespace: "default", name: "web" },
    { namespace: "default", name: "db" },
  ]);
  assert.deepEqual(evicted(), ["web", "db"]);
});

test("the end of a pod that is being deleted is confirmed without a grace period", async () => {
  const { access, requests } = setUp([pod("web"), pod("db", { deletionTimestamp: "2026-01-01T00:00:00Z" })]);
  const [ended, ...others] = await listTerminatingPods(access);
  assert.deepEqual([ended, others], [{ namespace: "default", name: "db" }, []]);
  assert.ok(ended !== undefined);
  await assert.rejects(confirmEnd(access, ended), { code: "api-forbidden" }); // This server refuses every DELETE.
  const { method, url } = requests.at(-1) ?? {};
  assert.deepEqual(
    [method, url?.replace(/.*\/api/, "/api")],
    ["DELETE", "/api/v1/namespaces/default/pods/db?gracePeriodSeconds=0"],
  );
});

test("a cluster that does not allow a node to delete itself is an error", async () => {
  const { access } = setUp([]);
  await assert.rejects(deleteNode(access), { code: "api-forbidden", message: /nodes is forbidden/ });
});
