import assert from "node:assert/strict";
import { test } from "node:test";
import { tryConfig } from "../../agent/kubernetes/config-trial.ts";
import { awsError, MemoryAws } from "../fakes/memory-aws.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { KEYS_FILE, sampleConfig } from "../fakes/samples.ts";

function setUp(status = 404) {
  const host = new MemoryHost();
  host.files.put("/etc/eks-satellite/aws-keys", KEYS_FILE, { mode: 0o600 });
  const aws = new MemoryAws(host.clock.now);
  const urls: string[] = [];
  host.onFetch = ({ url }) => {
    urls.push(url);
    const body = JSON.stringify({ metadata: { resourceVersion: "1" }, items: [], kind: "Status" });
    return { status, body };
  };
  return { host, aws, urls, run: () => tryConfig(host, aws, sampleConfig()) };
}

test("keys, description and an API server that knows this node make a configuration true; nothing is written", async () => {
  const { host, aws, urls, run } = setUp(200);
  const { length } = host.files.changes;
  await run();
  assert.deepEqual([aws.calls.at(-1), urls.length], ["describeCluster", 1]);
  assert.equal(host.files.changes.length, length);
});

test("what is not true is the error: the cluster, the identity", async () => {
  const missing = setUp();
  missing.aws.fail(awsError("ResourceNotFoundException", 404), "describeCluster");
  await assert.rejects(missing.run(), { code: "cluster-not-found" });
  await assert.rejects(setUp(401).run(), { code: "api-unauthorized" });
});
