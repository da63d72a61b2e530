import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRequest, LineStreamRequest } from "../../agent/host/host.ts";
import { createApiClient, MERGE_PATCH, type WatchEvent } from "../../agent/kubernetes/api-client.ts";
import { createNodeEvent } from "../../agent/kubernetes/event.ts";
import { Secret } from "../../agent/secret.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { sampleCluster } from "../fakes/samples.ts";

function setUp(status = 200, body: unknown = {}, deadlineSeconds?: number) {
  const host = new MemoryHost();
  const requests: HttpRequest[] = [];
  host.onFetch = (request) => {
    requests.push(request);
    return { status, body: JSON.stringify(body) };
  };
  const tokens = ["first", "second"];
  const client = createApiClient({
    host,
    cluster: sampleCluster(),
    token: () => new Secret(tokens.shift() ?? "last"),
    ...(deadlineSeconds === undefined ? {} : { deadlineSeconds }),
  });
  return { host, client, requests };
}
const until = () => new AbortController().signal;

test("every request has the current token, the cluster's CA and a deadline", async () => {
  const { client, requests } = setUp(200, { kind: "Pod" });
  assert.deepEqual(await client.get("/api/v1/pods/a"), { kind: "Pod" });
  await client.delete("/api/v1/pods/a");
  assert.deepEqual(
    requests.map(({ method, headers, caPem, timeoutSeconds }) => [
      method,
      headers?.authorization,
      caPem,
      timeoutSeconds,
    ]),
    [
      ["GET", "Bearer first", sampleCluster().caPem, 10],
      ["DELETE", "Bearer second", sampleCluster().caPem, 10],
    ],
  );
  const patient = setUp(200, {}, 3);
  await patient.client.get("/api");
  assert.equal(patient.requests[0]?.timeoutSeconds, 3);
});

test("an empty list has no items, however the API server writes that", async () => {
  const metadata = { resourceVersion: "7" };
  const { client } = setUp(200, { kind: "PartialObjectMetadataList", metadata, items: null });
  const list = await client.get<{ readonly items: readonly unknown[] }>("/api/v1/nodes");
  assert.deepEqual(list, { kind: "PartialObjectMetadataList", metadata, items: [] });
});

test("what is written has its content type; a question brings its answer", async () => {
  const { client, requests } = setUp(201, { status: { allowed: true } });
  await client.patch("/api/v1/nodes/a", MERGE_PATCH, { spec: {} });
  assert.deepEqual(await client.ask("/apis/x", { kind: "Review" }), { status: { allowed: true } });
  assert.deepEqual(
    requests.map(({ headers, body }) => [headers?.["content-type"], body]),
    [
      ["application/merge-patch+json", '{"spec":{}}'],
      ["application/json", '{"kind":"Review"}'],
    ],
  );
});

test("an event is made in the namespace of things that have none", async () => {
  const { client, requests } = setUp(201);
  await createNodeEvent(client, { reason: "Ready", metadata: { name: "gpu-1.1" } });
  assert.match(requests[0]?.url ?? "", /\/api\/v1\/namespaces\/default\/events$/);
  assert.deepEqual(JSON.parse(requests[0]?.body ?? ""), {
    apiVersion: "v1",
    kind: "Event",
    reason: "Ready",
    metadata: { name: "gpu-1.1" },
  });
});

test("an error names the request, and an answer that is no success throws whatever the method", async () => {
  const message = 'nodes "a" is forbidden: is not allowed to modify labels: b';
  const { client } = setUp(403, { message });
  const refused = { code: "api-denied", message: `the API server denied PATCH /api/v1/nodes/a: ${message}` };
  await assert.rejects(client.patch("/api/v1/nodes/a", MERGE_PATCH, {}), refused);
  for (const call of [client.get("/a"), client.post("/a", {}), client.delete("/a"), client.ask("/a", {})])
    await assert.rejects(call, { code: "api-denied" });
});

test("a name, a road and a certificate that fail have each another hint", async () => {
  const { host, client } = setUp();
  const failing = async (code: string) => {
    host.onFetch = () => {
      throw Object.assign(new Error("no answer"), { code });
    };
    return (await client.get("/api").catch((error: unknown) => error)) as { code: string; hint: string };
  };
  const [dns, refused, untrusted] = [
    await failing("ENOTFOUND"),
    await failing("ECONNREFUSED"),
    await failing("UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
  ];
  assert.deepEqual([dns.code, refused.code, untrusted.code], ["api-unreachable", "api-unreachable", "api-untrusted"]);
  assert.match(dns.hint, /resolvectl/);
  assert.match(refused.hint, /firewall/);
  assert.match(untrusted.hint, /describe-cluster --name demo/);
});

test("a watch hands over its events, dies of silence, and ends when its history is gone", async () => {
  const { host, client } = setUp();
  const events: WatchEvent<{ a: number }>[] = [];
  let followed: LineStreamRequest | undefined;
  host.onFollow = (request) => {
    followed = request;
    request.onLine('{"type":"ADDED","object":{"a":1}}');
    return { status: 200, body: "" };
  };
  await client.watch<{ a: number }>("/api/v1/nodes?watch=true", (event) => void events.push(event), until());
  assert.deepEqual(events, [{ type: "ADDED", object: { a: 1 } }]);
  assert.equal(followed?.silenceSeconds, 150);
  host.onFollow = () => ({ status: 410, body: JSON.stringify({ message: "too old resource version: 1 (2)" }) });
  await assert.rejects(
    client.watch("/api/v1/nodes", () => undefined, until()),
    { code: "watch-ended", message: /too old resource version/ },
  );
  host.onFollow = () => ({ status: 401, body: "" });
  await assert.rejects(
    client.watch("/api/v1/nodes", () => undefined, until()),
    { code: "api-unauthorized" },
  );
});
