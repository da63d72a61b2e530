import assert from "node:assert/strict";
import { test } from "node:test";
import { findEntry, letsNodesIn, planEntry, planEntryRemoval } from "../../agent/admin/access-entry.ts";
import { parsePrincipal } from "../../agent/admin/principal.ts";
import { sampleAccess } from "../fakes/cluster-access.ts";
import { ACCOUNT, ADMIN_ARN, MemoryAdminAws, NODE_ROLE } from "../fakes/memory-admin.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";

const role = parsePrincipal(NODE_ROLE, "role", "--role-arn");
const access = sampleAccess();
const entry = (type: string) => ({ principalArn: NODE_ROLE, type, username: "joe" });

function setUp(unknownPrincipals = 0) {
  const aws = new MemoryAdminAws();
  aws.unknownPrincipals = unknownPrincipals;
  const clock = new MemoryClock();
  const printed: string[] = [];
  const apply = (isNew: boolean) =>
    planEntry({ aws, access, clock }, role, isNew).apply((line) => void printed.push(line));
  return { aws, clock, printed, apply };
}

test("entries of both types that name nodes after sessions let nodes in; any other type is refused with its way out", () => {
  assert.equal(letsNodesIn(entry("HYBRID_LINUX"), access), true);
  assert.equal(letsNodesIn(entry("FARGATE_LINUX"), access), true);
  assert.throws(() => letsNodesIn(entry("STANDARD"), access), {
    code: "entry-differs",
    message: `${NODE_ROLE} has an access entry of type STANDARD, as "joe"`,
    hint: /aws eks delete-access-entry --cluster-name demo --region us-west-2 --principal-arn arn:\S+nodes\.$/,
  });
});

test("the plan of an entry shows it, and applying it creates one of the type for hybrid nodes", async () => {
  const { aws, clock, apply } = setUp();
  const { target, action, diff } = planEntry({ aws, access, clock }, role, false);
  assert.deepEqual([target, action], [`access entry of ${NODE_ROLE}`, "create"]);
  assert.match(diff, /^--- \/dev\/null\n\+\+\+ access entry of .*\n@@ .*\n\+\{\n\+ {2}"principalArn": /);
  await apply(false);
  assert.equal(aws.entries.get(NODE_ROLE)?.type, "HYBRID_LINUX");
});

test("the entry of a new role is tried again while EKS does not know the role, and reported once", async () => {
  const { aws, clock, printed, apply } = setUp(3);
  const applying = apply(true);
  await clock.advance(6000);
  await applying;
  assert.equal(aws.calls.filter((call) => call === "eks:CreateAccessEntry").length, 4);
  assert.deepEqual(printed, ["EKS does not know the new role yet; asking again"]);
});

test("the entry of a new role is given up after 15 attempts", async () => {
  const { aws, clock, apply } = setUp(100);
  const refused = assert.rejects(apply(true), { code: "aws-refused" });
  await clock.advance(60_000);
  await refused;
  assert.equal(aws.calls.length, 15);
});

test("the entry of an existing role, and a denied one, are tried once", async () => {
  const known = setUp(1);
  await assert.rejects(known.apply(false), { code: "aws-refused", hint: /must exist in the cluster's account/ });
  assert.equal(known.aws.calls.length, 1);
  const denied = setUp();
  denied.aws.denied.add("eks:CreateAccessEntry");
  await assert.rejects(denied.apply(true), {
    code: "aws-forbidden",
    hint: `Allow eks:CreateAccessEntry on ${access.arn} to ${ADMIN_ARN}.`,
  });
});

test("a denied read names the entry's own ARN", async () => {
  const { aws } = setUp();
  aws.denied.add("eks:DescribeAccessEntry");
  await assert.rejects(findEntry(aws, access, role), {
    message: `eks:DescribeAccessEntry on arn:aws:eks:us-west-2:${ACCOUNT}:access-entry/demo/role/${ACCOUNT}/nodes/* was denied`,
  });
});

test("only an entry of our type is removed", async () => {
  const { aws } = setUp();
  assert.throws(() => planEntryRemoval({ aws, access, role }, entry("FARGATE_LINUX")), { code: "entry-differs" });
  aws.addEntry(NODE_ROLE, "HYBRID_LINUX");
  const { action, diff, apply } = planEntryRemoval({ aws, access, role }, entry("HYBRID_LINUX"));
  assert.equal(action, "delete");
  assert.match(diff, /^--- access entry of .*\n\+\+\+ \/dev\/null\n/);
  await apply(() => undefined);
  assert.equal(aws.entries.size, 0);
});
