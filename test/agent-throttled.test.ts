// The whole daemon where AWS or the API server has too much to do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpAgent } from "./fakes/memory-agent.ts";
import { awsError } from "./fakes/memory-aws.ts";
import { settle } from "./fakes/memory-clock.ts";

const throttled = awsError("ThrottlingException");
const MINUTE_MS = 60_000;

test("a cluster that is not known yet is asked for ever more rarely, once a minute at last", async (context) => {
  const { host, aws, start } = setUpAgent(context);
  aws.fail(throttled, "describeCluster");
  await start();
  await host.clock.advance(10 * MINUTE_MS);
  const calls = aws.calls.filter((call) => call === "describeCluster").length;
  assert.ok(calls >= 10 && calls <= 14, `${calls} calls in ten minutes`);
});

test("with the first keys the cluster is asked for at once, however long they were refused", async (context) => {
  const { host, aws, start } = setUpAgent(context);
  aws.fail(throttled, "assumeRole");
  await start();
  await host.clock.advance(10 * MINUTE_MS);
  aws.recover();
  const began = aws.calls.length;
  while (!aws.calls.slice(began).includes("assumeRole")) await host.clock.advance(1000);
  await settle();
  assert.deepEqual(aws.calls.slice(began), ["assumeRole", "describeCluster"]);
});

test("a DescribeCluster that takes long is followed by no second one", async (context) => {
  const { host, aws, start } = setUpAgent(context);
  const answer = Promise.withResolvers<void>();
  let calls = 0;
  const { describeCluster } = aws;
  aws.describeCluster = async (keys) => {
    calls += 1;
    await answer.promise;
    return describeCluster.call(aws, keys);
  };
  await start();
  await host.clock.advance(30_000);
  answer.resolve();
  await host.clock.advance(1000);
  assert.equal(calls, 1);
});
