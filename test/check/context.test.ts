import assert from "node:assert/strict";
import { test } from "node:test";
import { createContext } from "../../agent/check/context.ts";
import { MemoryAws } from "../fakes/memory-aws.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { KEYS_FILE, sampleCluster, sampleConfig } from "../fakes/samples.ts";

const CACHE = "/var/lib/eks-satellite/cluster.json";

function setUp() {
  const host = new MemoryHost();
  host.files.put("/etc/eks-satellite/aws-keys", KEYS_FILE, { mode: 0o600 });
  const aws = new MemoryAws(host.clock.now);
  return {
    host,
    aws,
    context: createContext({
      host,
      environment: {},
      configFile: "/etc/eks-satellite/config.yaml",
      config: sampleConfig(),
      configProblem: undefined,
      aws,
    }),
  };
}

test("the cluster that the daemon has kept is known without a call to AWS", async () => {
  const { host, aws, context } = setUp();
  host.files.put(CACHE, JSON.stringify(sampleCluster({ version: "1.33" })), { mode: 0o600 });
  assert.equal((await context.knownCluster()).version, "1.33");
  assert.deepEqual(aws.calls, []);
  assert.equal((await context.cluster()).version, "1.34", "the current answer is EKS's");
});

test("without a kept cluster, or one that may not be read, EKS is asked", async () => {
  for (const prepare of [
    () => undefined,
    (host: MemoryHost) => {
      host.files.put(CACHE, JSON.stringify(sampleCluster({ version: "1.33" })));
      host.files.refuseReads(CACHE);
    },
  ]) {
    const { host, context } = setUp();
    prepare(host);
    assert.equal((await context.knownCluster()).version, "1.34");
  }
});

test("a failure is remembered like an answer", async () => {
  const { aws, context } = setUp();
  aws.fail(new Error("away"));
  await assert.rejects(context.keys());
  aws.recover();
  await assert.rejects(context.keys());
  assert.equal(aws.calls.length, 1);
});

test("the daemon is asked on the configured port, and no answer means that none runs", async () => {
  const { host, context } = setUp();
  const urls: string[] = [];
  host.onFetch = ({ url }) => {
    urls.push(url);
    return { status: 503, body: "KubeletRunning" };
  };
  assert.deepEqual(await context.daemon(), { status: 503, body: "KubeletRunning" });
  assert.deepEqual(urls, ["http://127.0.0.1:9911/readyz"]);
  assert.equal(await setUp().context.daemon(), undefined);
});

test("keys, the cluster and the caller are read once, however many checks need them", async () => {
  const { aws, context } = setUp();
  await Promise.all([context.keys(), context.keys(), context.token(), context.caller(), context.caller()]);
  await Promise.all([context.cluster(), context.cluster(), context.knownCluster()]);
  assert.deepEqual(aws.calls.toSorted(), ["assumeRole", "describeCluster", "getCallerIdentity"]);
});
