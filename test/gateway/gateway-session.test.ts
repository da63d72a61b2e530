import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewaySession } from "../../agent/gateway/gateway-session.ts";
import { InstanceMetadata } from "../../agent/gateway/instance-metadata.ts";
import { awsError, MemoryAws } from "../fakes/memory-aws.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { MemoryInstance } from "../fakes/memory-instance.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const CACHE = "/var/lib/eks-satellite-gateway/cluster.json";

function setUp() {
  const host = new MemoryHost();
  const instance = new MemoryInstance();
  instance.giveKeys("ASIAFIRST", "2026-01-02T09:00:00Z");
  host.onFetch = (request) => instance.answer(request) ?? { status: 200, body: "{}" };
  const aws = new MemoryAws(host.clock.now);
  const { log, lines } = createMemoryLog();
  const cluster = { name: "demo", region: "us-west-2" };
  const create = () =>
    new GatewaySession({ host, aws, metadata: new InstanceMetadata(host), cluster, log, cacheFile: CACHE });
  return { host, instance, aws, lines, create };
}

test("keys, cluster and token of the first round are enough to speak to the API server", async () => {
  const { create, aws } = setUp();
  const session = create();
  assert.equal(session.api(), undefined);
  await session.round();
  await session.round();
  assert.notEqual(session.api(), undefined);
  assert.deepEqual(aws.calls, ["describeCluster"]);
});

test("a start while AWS is away speaks by the facts on disk, and says it once", async () => {
  const { create, aws, host, lines } = setUp();
  await create().round();
  aws.fail(awsError("ServiceUnavailable", 503));
  const session = create();
  await session.restore();
  for (let round = 0; round < 30; round += 1) {
    await session.round();
    await host.clock.advance(10_000);
  }
  assert.notEqual(session.api(), undefined);
  assert.equal(lines.filter(({ level }) => level === "warn").length, 1);
  const unknown = setUp();
  unknown.aws.fail(awsError("AccessDeniedException"));
  await assert.rejects(unknown.create().round(), { code: "cluster-forbidden" });
});

test("keys are read anew before they end, and the old ones hold while the metadata service is away", async () => {
  const { create, instance, host } = setUp();
  const session = create();
  await session.round();
  await host.clock.advance(5 * 3_600_000 + 45 * 60_000);
  instance.giveKeys("ASIASECOND", "2026-01-02T15:00:00Z");
  await session.round();
  assert.equal(session.keys?.accessKeyId, "ASIASECOND");
  instance.values.delete("meta-data/iam/security-credentials/gateway-role");
  await host.clock.advance(5 * 3_600_000 + 50 * 60_000);
  await session.round();
  assert.equal(session.keys?.accessKeyId, "ASIASECOND");
  await host.clock.advance(3_600_000);
  await assert.rejects(session.round(), { code: "instance-role-missing" });
  assert.equal(session.keys, undefined);
});

test("a refused token is replaced once in 15 s, with keys that are read anew", async () => {
  const { create, instance, host } = setUp();
  const session = create();
  await session.round();
  const asked = () => instance.asked.filter((path) => path.endsWith("/gateway-role")).length;
  const before = asked();
  await host.clock.advance(20_000);
  for (let refusal = 0; refusal < 50; refusal += 1) await session.replaceToken();
  assert.equal(asked(), before + 1);
});
