import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRequest, LineStreamRequest } from "../../agent/host/host.ts";
import { CORDON_ANNOTATION, type CordonPatch, type NodeEvent } from "../../agent/kubernetes/node-api.ts";
import { createNodeApi } from "../../agent/kubernetes/node-client.ts";
import { Secret } from "../../agent/secret.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { sampleCluster } from "../fakes/samples.ts";

const NODE = {
  metadata: { name: "gpu-1", uid: "u1" },
  status: {
    conditions: [
      { type: "MemoryPressure", status: "False" },
      { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" },
    ],
    nodeInfo: { kubeletVersion: "v1.34.4" },
  },
};

const listOf = (...items: readonly unknown[]) => ({ metadata: { resourceVersion: "4711" }, items });
const SINCE = { node: undefined, resourceVersion: "4711" };

function setUp(status = 200, body: unknown = listOf(NODE)) {
  const host = new MemoryHost();
  const requests: (HttpRequest | LineStreamRequest)[] = [];
  const answer = (request: HttpRequest) => {
    requests.push(request);
    return { status, body: typeof body === "string" ? body : JSON.stringify(body) };
  };
  host.onFetch = answer;
  host.onFollow = answer;
  const api = createNodeApi({ host, cluster: sampleCluster(), token: () => new Secret("tok") });
  return { host, api, requests };
}

test("the Node is read with the token, over the cluster's own certificate authority", async () => {
  const { api, requests } = setUp();
  const { node, resourceVersion } = await api.read("gpu-1");
  assert.deepEqual(node, {
    uid: "u1",
    isReady: true,
    isSchedulable: true,
    reason: "KubeletReady",
    message: "kubelet is posting ready status",
    version: "v1.34.4",
    resourceVersion: "",
  });
  assert.equal(resourceVersion, "4711");
  const [request] = requests;
  assert.equal(
    request?.url,
    "https://ABC.gr7.us-west-2.eks.amazonaws.com/api/v1/nodes?fieldSelector=metadata.name%3Dgpu-1",
  );
  assert.equal(request?.headers?.authorization, "Bearer tok");
  assert.equal(request?.caPem, sampleCluster().caPem);
});

test("a Node that has reported nothing yet is not Ready", async () => {
  const { api } = setUp(200, listOf({ metadata: { uid: "u1" } }));
  assert.deepEqual((await api.read("gpu-1")).node, {
    uid: "u1",
    isReady: false,
    isSchedulable: true,
    reason: "NoCondition",
    message: "kubelet has not reported yet",
    version: "",
    resourceVersion: "",
  });
});

test("a cordon is noted on the Node, and refused when the Node has changed since it was seen", async () => {
  const metadata = { uid: "u1", resourceVersion: "12", annotations: { [CORDON_ANNOTATION]: "0000:06:00.0" } };
  const { api, requests } = setUp(200, listOf({ metadata, spec: { unschedulable: true } }));
  const { node } = await api.read("gpu-1");
  assert.ok(node !== undefined);
  assert.deepEqual([node.isSchedulable, node.cordonedFor, node.resourceVersion], [false, "0000:06:00.0", "12"]);
  const bodyOf = async (patch: CordonPatch) => {
    await api.patchCordon("gpu-1", node, patch);
    return JSON.parse((requests.at(-1) as HttpRequest).body ?? "");
  };
  const noted = (note: string | null) => ({ resourceVersion: "12", annotations: { [CORDON_ANNOTATION]: note } });
  assert.deepEqual(await bodyOf({ cordonedFor: "machine", isSchedulable: false }), {
    ...{ metadata: noted("machine"), spec: { unschedulable: true } },
  });
  assert.deepEqual(await bodyOf({ cordonedFor: null, isSchedulable: true }), {
    ...{ metadata: noted(null), spec: { unschedulable: null } },
  });
  assert.deepEqual(await bodyOf({ cordonedFor: null }), { metadata: noted(null) });
  await assert.rejects(setUp(409).api.patchCordon("gpu-1", node, { cordonedFor: null }), { code: "api-conflict" });
});

test("a condition is removed, and the others stay, by a strategic merge", async () => {
  const { api, requests } = setUp();
  await api.removeCondition("gpu-1", "GpuHealthy");
  const { url, method, headers, body } = requests[0] as HttpRequest;
  assert.match(url, /\/api\/v1\/nodes\/gpu-1\/status$/);
  assert.deepEqual([method, headers?.["content-type"]], ["PATCH", "application/strategic-merge-patch+json"]);
  assert.deepEqual(JSON.parse(body ?? ""), { status: { conditions: [{ $patch: "delete", type: "GpuHealthy" }] } });
});

test("labels are read, set, and taken away with null, as a merge patch of the Node", async () => {
  const { api, requests } = setUp(200, listOf({ metadata: { uid: "u1", labels: { a: "1" } } }));
  assert.deepEqual(await api.readLabels("gpu-1"), { a: "1" });
  assert.deepEqual(await setUp().api.readLabels("gpu-1"), {}, "a Node without labels");
  assert.equal(await setUp(200, listOf()).api.readLabels("gpu-1"), undefined, "no Node");
  await api.patchLabels("gpu-1", { a: null, b: "2" });
  const { method, url, headers, body } = requests.at(-1) as HttpRequest;
  assert.deepEqual([method, new URL(url).pathname], ["PATCH", "/api/v1/nodes/gpu-1"]);
  assert.equal(headers?.["content-type"], "application/merge-patch+json");
  assert.deepEqual(JSON.parse(body ?? ""), { metadata: { labels: { a: null, b: "2" } } });
});

test("a Node that is not there is no error, and has a moment from which to watch for it", async () => {
  assert.deepEqual(await setUp(200, listOf()).api.read("gpu-1"), SINCE);
});

const REFUSALS: readonly (readonly [status: number, body: unknown, code: string, message: RegExp, hint: RegExp])[] = [
  [
    401,
    { message: "Unauthorized" },
    "api-unauthorized",
    /does not know this node's identity/,
    /HYBRID_LINUX.*aws-auth/,
  ],
  [403, { message: 'User "x" cannot get' }, "api-forbidden", /another identity: User "x" cannot get/, /node\.name/],
  [500, { message: "etcd is away" }, "api-failed", /answered 500: etcd is away/, /repeated/],
  [502, "<html>proxy</html>", "api-failed", /answered 502: <html>proxy/, /repeated/],
];

for (const [status, body, code, message, hint] of REFUSALS) {
  test(`an answer of ${status} is ${code}, with what to do`, async () => {
    const { api } = setUp(status, body);
    await assert.rejects(api.read("gpu-1"), { code, message, hint });
    await assert.rejects(
      api.watch("gpu-1", SINCE, () => undefined, new AbortController().signal),
      { code },
    );
  });
}

test("an API server that does not answer is named with its address", async () => {
  const { api, host } = setUp();
  host.onFetch = () => {
    throw new Error("connect ETIMEDOUT");
  };
  await assert.rejects(api.read("gpu-1"), {
    code: "api-unreachable",
    message: /https:\/\/ABC\.gr7/,
    hint: /Pods keep running/,
  });
});

test("a watch follows this Node alone and hands over what happens after it was read", async () => {
  const { api, host } = setUp();
  const events: NodeEvent[] = [];
  let url = "";
  host.onFollow = (request) => {
    url = request.url;
    for (const type of ["ADDED", "MODIFIED", "BOOKMARK", "ERROR", "DELETED"])
      request.onLine(JSON.stringify({ type, object: NODE }));
    return { status: 200, body: "" };
  };
  await api.watch("gpu-1", SINCE, (event) => void events.push(event), new AbortController().signal);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ["seen", "seen", "deleted"],
  );
  const { pathname, searchParams } = new URL(url);
  assert.equal(pathname, "/api/v1/nodes");
  assert.deepEqual(Object.fromEntries(searchParams), {
    watch: "true",
    allowWatchBookmarks: "true",
    fieldSelector: "metadata.name=gpu-1",
    resourceVersion: "4711",
  });
});

test("a watch whose connection breaks has ended, and says no more", async () => {
  const { api, host } = setUp();
  host.onFollow = () => {
    throw new Error("socket hang up");
  };
  await assert.rejects(
    api.watch("gpu-1", SINCE, () => undefined, new AbortController().signal),
    { code: "watch-ended" },
  );
});

const request = (username: string, creationTimestamp: string, type?: string) => ({
  metadata: { creationTimestamp },
  spec: { username },
  status: type === undefined ? {} : { conditions: [{ type }] },
});

test("of the requests for a serving certificate the newest of this Node counts", async () => {
  const items = [
    request("system:node:gpu-1", "2026-01-01T00:00:00Z", "Denied"),
    request("system:node:gpu-1", "2026-01-02T00:00:00Z"),
    request("system:node:gpu-2", "2026-01-03T00:00:00Z", "Approved"),
  ];
  assert.equal(await setUp(200, { items }).api.readServingRequest("gpu-1"), "Pending");
  assert.equal(await setUp(200, { items }).api.readServingRequest("gpu-2"), "Approved");
  assert.equal(await setUp(200, { items }).api.readServingRequest("gpu-3"), undefined);
});
