import assert from "node:assert/strict";
import { test } from "node:test";
import { CallMetrics, LATENCY_BUCKETS } from "../../agent/board/call-metrics.ts";
import { SatelliteError } from "../../agent/errors.ts";

test("calls are counted by operation and outcome, and what they return or throw is passed on", async () => {
  const callMetrics = new CallMetrics("aws", "AWS");
  assert.equal(await callMetrics.measure("DescribeCluster", async () => 7), 7);
  await callMetrics.measure(
    "GET nodes",
    async () => ({ status: 401 }),
    ({ status }) => String(status),
  );
  const failing = callMetrics.measure("DescribeCluster", async () => {
    throw new SatelliteError("aws-unreachable", "away");
  });
  await assert.rejects(failing, { code: "aws-unreachable" });
  const outcomes = callMetrics.list().map(({ operation, outcomes }) => [operation, Object.fromEntries(outcomes)]);
  assert.deepEqual(outcomes, [
    ["DescribeCluster", { ok: 1, "aws-unreachable": 1 }],
    ["GET nodes", { 401: 1 }],
  ]);
});

test("a quick call is in every class of latency", async () => {
  const callMetrics = new CallMetrics("aws", "AWS");
  await callMetrics.measure("AssumeRole", async () => undefined);
  assert.deepEqual(
    callMetrics.list()[0]?.buckets,
    LATENCY_BUCKETS.map(() => 1),
  );
});
