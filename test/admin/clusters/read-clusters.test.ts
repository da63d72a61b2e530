import assert from "node:assert/strict";
import { test } from "node:test";
import { readOne, readRegion } from "../../../agent/admin/clusters/read-clusters.ts";
import type { AwsKeys } from "../../../agent/host/aws.ts";
import { setUpAdmin } from "../../fakes/memory-admin.ts";
import { awsError } from "../../fakes/memory-aws.ts";

function setUp(names: readonly string[], describe: (name: string) => void = () => undefined) {
  const { aws, adminAws } = setUpAdmin();
  adminAws.clusters = names;
  const seen = { now: 0, most: 0 };
  const describeCluster = async (_keys: AwsKeys, name: string) => {
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    await new Promise(setImmediate);
    seen.now -= 1;
    describe(name);
    return aws.cluster;
  };
  return { adminAws, seen, admin: { aws: { describeCluster }, adminAws } };
}

test("all clusters of a region, by name, a few at a time", async () => {
  const names = Array.from({ length: 30 }, (_, index) => `c${String(index).padStart(2, "0")}`);
  const { admin, seen } = setUp(names.toReversed());
  const { clusters, unread } = await readRegion(admin, "us-west-2");
  assert.deepEqual(
    clusters.map(({ name }) => name),
    names,
  );
  assert.deepEqual(unread, []);
  assert.equal(seen.most, 4);
});

test("a cluster that may not be described hides no other", async () => {
  const { admin } = setUp(["a", "b"], (name) => {
    if (name === "a") throw awsError("AccessDeniedException", 403);
  });
  const { clusters, unread } = await readRegion(admin, "us-west-2");
  assert.deepEqual(
    clusters.map(({ name }) => name),
    ["b"],
  );
  assert.equal(unread[0]?.what, "a in us-west-2");
  assert.match(unread[0]?.hint ?? "", /Allow eks:DescribeCluster on .*cluster\/a to access key AKIAADMIN/);
});

test("a region that may not be listed is named, with what to allow", async () => {
  const { admin, adminAws } = setUp(["a"]);
  adminAws.denied.add("eks:ListClusters");
  const { clusters, unread } = await readRegion(admin, "us-west-2");
  assert.deepEqual(clusters, []);
  assert.deepEqual([unread[0]?.what, /eks:ListClusters/.test(unread[0]?.hint ?? "")], ["us-west-2", true]);
});

test("without keys nothing is listed", async () => {
  const { admin, adminAws } = setUp(["a"]);
  adminAws.denied.add("keys");
  await assert.rejects(readRegion(admin, "us-west-2"), { code: "credentials-missing" });
});

test("a cluster that is not there is said to be so, not an unknown refusal", async () => {
  const { admin } = setUp([], () => {
    throw awsError("ResourceNotFoundException", 404);
  });
  await assert.rejects(readOne(admin, { name: "dmeo", region: "us-west-2" }), {
    code: "cluster-not-found",
    hint: /clusters list --region us-west-2/,
  });
});
