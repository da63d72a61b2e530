import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheCluster } from "../../agent/aws/cluster.ts";
import { ClusterCache } from "../../agent/aws/cluster-cache.ts";
import type { ConditionBoard } from "../../agent/board/conditions.ts";
import type { AwsKeys } from "../../agent/host/aws.ts";
import { Secret } from "../../agent/secret.ts";
import { createBoard } from "../fakes/board.ts";
import { otherCa } from "../fakes/certificates.ts";
import { awsError, connectionRefused, MemoryAws } from "../fakes/memory-aws.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleCluster, sampleConfig } from "../fakes/samples.ts";

const CACHE = "/var/lib/eks-satellite/cluster.json";

function setUp(host = new MemoryHost()) {
  const aws = new MemoryAws(host.clock.now);
  const { log, messages } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const made = { keys: { accessKeyId: "A", secretAccessKey: new Secret("S") } as AwsKeys | undefined, changes: 0 };
  const cluster = new ClusterCache({
    host,
    aws,
    config: sampleConfig(),
    log,
    board,
    keys: () => made.keys,
    emit: () => {
      made.changes += 1;
    },
  });
  return { host, aws, board, cluster, messages, made };
}

const statusOf = (board: ConditionBoard) => [board.get("ClusterKnown").status, board.get("ClusterKnown").reason];

test("the first answer is kept in memory and on disk, and emitted once", async () => {
  const { host, board, cluster, made } = setUp();
  await cluster.round();
  assert.equal(cluster.facts?.endpoint, "https://ABC.gr7.us-west-2.eks.amazonaws.com");
  assert.deepEqual(statusOf(board), ["True", "Described"]);
  assert.equal(made.changes, 1);
  assert.notEqual(host.files.peek(CACHE), undefined);
});

test("an equal answer writes nothing and emits nothing", async () => {
  const { host, cluster, made } = setUp();
  await cluster.round();
  const writes = host.files.changes.length;
  host.clock.jump(600_000);
  await cluster.round();
  assert.deepEqual([made.changes, host.files.changes.length], [1, writes]);
  assert.equal(cluster.facts?.fetchedAtMs, host.clock.now());
});

test("another certificate authority is a change", async () => {
  const { aws, cluster, made } = setUp();
  await cluster.round();
  aws.cluster = { ...aws.cluster, certificateAuthorityData: Buffer.from(otherCa).toString("base64") };
  await cluster.round();
  assert.deepEqual([made.changes, cluster.facts?.caPem], [2, otherCa]);
});

test("without keys AWS is not asked", async () => {
  const { aws, board, cluster, made } = setUp();
  made.keys = undefined;
  await cluster.round();
  assert.deepEqual([aws.calls, statusOf(board)], [[], ["Unknown", "Starting"]]);
});

test("facts of an earlier run are in use before AWS has answered", async () => {
  const host = new MemoryHost();
  await cacheCluster(host, CACHE, sampleCluster());
  const { board, cluster } = setUp(host);
  await cluster.restore();
  assert.deepEqual(cluster.facts, sampleCluster());
  assert.deepEqual(statusOf(board), ["True", "Cached"]);
});

test("when AWS is away, denies or has no cluster, the node keeps the known facts, and logs it once", async () => {
  const { aws, board, cluster, messages, made } = setUp();
  await cluster.round();
  const { facts } = cluster;
  for (const error of [
    connectionRefused(),
    awsError("AccessDeniedException", 403),
    awsError("ResourceNotFoundException", 404),
  ]) {
    aws.fail(error);
    await cluster.round();
    assert.equal(cluster.facts, facts);
    assert.deepEqual(statusOf(board), ["True", "Outdated"]);
  }
  assert.match(
    board.get("ClusterKnown").message,
    /^facts of 2026-01-02T03:04:05\.000Z are in use: there is no cluster demo/,
  );
  assert.equal(board.get("ClusterDescribed").pending?.reason, "ClusterNotFound");
  const said = messages("info").filter((message) => /could not be described/.test(message));
  assert.deepEqual([said.length, made.changes], [1, 1]);
});

test("a broken answer never replaces a good one", async () => {
  const { aws, cluster } = setUp();
  await cluster.round();
  const { facts } = cluster;
  aws.cluster = { ...aws.cluster, certificateAuthorityData: "AAAA" };
  await cluster.round();
  assert.equal(cluster.facts, facts);
});

test("without earlier facts the failure is the condition, with its hint", async () => {
  const { aws, board, cluster } = setUp();
  aws.fail(awsError("ResourceNotFoundException", 404));
  await cluster.round();
  assert.deepEqual(statusOf(board), ["False", "ClusterNotFound"]);
  assert.match(board.get("ClusterKnown").hint ?? "", /cluster\.region/);
});

test("facts that a full disk rejects are in use, and are written when there is space", async () => {
  const { host, cluster, made } = setUp();
  host.files.refuseWrites("/var/lib/eks-satellite", "ENOSPC");
  await cluster.round();
  assert.equal(made.changes, 1);
  assert.notEqual(cluster.facts, undefined);
  host.files.allowWrites();
  await cluster.round();
  assert.notEqual(host.files.peek(CACHE), undefined);
  assert.equal(made.changes, 1, "no further event");
});
