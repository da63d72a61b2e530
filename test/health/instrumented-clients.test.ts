import assert from "node:assert/strict";
import { test } from "node:test";
import { CallMetrics } from "../../agent/board/call-metrics.ts";
import { instrumentAws, instrumentRequests } from "../../agent/health/instrumented-clients.ts";
import { connectionRefused, MemoryAws } from "../fakes/memory-aws.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { sampleCluster } from "../fakes/samples.ts";

const counts = (calls: CallMetrics) =>
  calls.list().map(({ operation, outcomes }) => [operation, Object.fromEntries(outcomes)]);

test("calls to AWS are counted under AWS's names, failures by their code, and the failure still reaches the caller", async () => {
  const host = new MemoryHost();
  const memory = new MemoryAws(host.clock.now);
  const calls = new CallMetrics("aws", "AWS");
  const aws = instrumentAws(memory, calls);
  const { name } = sampleCluster();
  const keys = await aws.getSessionToken({} as never, 3600).catch(() => ({}) as never);
  await aws.describeCluster(keys, name);
  memory.fail(connectionRefused());
  await assert.rejects(aws.describeCluster(keys, name));
  const described = counts(calls).find(([operation]) => operation === "DescribeCluster");
  assert.deepEqual(described, ["DescribeCluster", { ok: 1, ECONNREFUSED: 1 }]);
});

test("requests to the API server are counted by method and kind of object, never by an object's name", async () => {
  const host = new MemoryHost();
  host.onFetch = ({ url }) => ({ status: url.includes("/events") ? 403 : 200, body: "{}" });
  const calls = new CallMetrics("api", "the API server");
  const requests = instrumentRequests(host, calls);
  const base = { timeoutSeconds: 1 };
  await requests.fetch({ ...base, url: "https://api/api/v1/nodes/gpu-1/status", method: "PATCH" });
  await requests.fetch({ ...base, url: "https://api/api/v1/namespaces/default/events", method: "POST" });
  await requests.fetch({ ...base, url: "https://api/version" });
  assert.deepEqual(counts(calls), [
    ["PATCH nodes", { 200: 1 }],
    ["POST events", { 403: 1 }],
    ["GET other", { 200: 1 }],
  ]);
});
