import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { type AwsAuthData, addMapping, nodeMapping } from "../../agent/admin/aws-auth.ts";
import { planAwsAuthChange } from "../../agent/admin/aws-auth-change.ts";
import { parsePrincipal } from "../../agent/admin/principal.ts";
import { MemoryAwsAuthApi } from "../fakes/cluster-access.ts";
import { ADMIN_ENTRY, NODE_ROLE } from "../fakes/memory-admin.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const BACKUP = "/home/joe/aws-auth.yaml";
const mapping = nodeMapping(parsePrincipal(NODE_ROLE, "role", "--role-arn"), undefined);

function setUp(awsAuth = new MemoryAwsAuthApi({ mapRoles: ADMIN_ENTRY })) {
  const host = new MemoryHost();
  const printed: string[] = [];
  const edit = (current: AwsAuthData) => addMapping(current, mapping, undefined);
  const change = planAwsAuthChange({ host, access: { awsAuth } }, awsAuth.map, { edit, backupFile: BACKUP });
  assert.ok(change !== undefined);
  return { host, awsAuth, printed, change, apply: () => change.apply((line) => void printed.push(line)) };
}

/** What another client adds a moment before our write. */
const others = { mapRoles: `${ADMIN_ENTRY}- rolearn: arn:aws:iam::111122223333:role/other\n  username: other\n` };

test("nothing to do is no change", () => {
  const { awsAuth } = setUp();
  const context = { host: new MemoryHost(), access: { awsAuth } };
  assert.equal(planAwsAuthChange(context, awsAuth.map, { edit: () => undefined, backupFile: BACKUP }), undefined);
});

test("a new key is created and an existing one updated", () => {
  assert.equal(setUp(new MemoryAwsAuthApi({})).change.action, "create");
  const { action, target } = setUp().change;
  assert.deepEqual([action, target], ["update", "mapRoles in aws-auth"]);
});

test("the ConfigMap is saved before the write, as a manifest that only its owner may read", async () => {
  const { host, awsAuth, apply, printed } = setUp();
  await apply();
  const backup = host.files.peek(BACKUP);
  assert.equal(backup?.mode, 0o600);
  assert.deepEqual(parse(backup?.content ?? ""), {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "aws-auth", namespace: "kube-system" },
    data: { mapRoles: ADMIN_ENTRY },
  });
  assert.deepEqual(printed, [`aws-auth: saved in ${BACKUP}; kubectl replace --filename ${BACKUP} restores it`]);
  assert.match(awsAuth.map?.data?.mapRoles ?? "", /role\/nodes\n/);
});

test("a missing ConfigMap needs no backup", async () => {
  const { host, apply } = setUp(new MemoryAwsAuthApi(undefined));
  await apply();
  assert.equal(host.files.peek(BACKUP), undefined);
});

test("without room for the backup nothing is written", async () => {
  const { host, awsAuth, apply } = setUp();
  host.files.refuseWrites(BACKUP, "ENOSPC");
  await assert.rejects(apply(), { code: "disk-full" });
  assert.deepEqual(awsAuth.writes, []);
});

test("after a conflict the edit is applied to the new content, which is saved instead", async () => {
  const { host, awsAuth, apply } = setUp();
  awsAuth.conflicts = 1;
  awsAuth.map = { metadata: { resourceVersion: "7" }, data: others };
  const applying = apply();
  await host.clock.advance(200);
  await applying;
  assert.match(awsAuth.map.data?.mapRoles ?? "", /role\/other[\s\S]*role\/nodes/);
  assert.deepEqual(parse(host.files.peek(BACKUP)?.content ?? "").data, others);
});

test("when another client makes the same change meanwhile, nothing more is written", async () => {
  const { host, awsAuth, apply, printed } = setUp();
  const done = addMapping({ mapRoles: ADMIN_ENTRY }, mapping, undefined)?.after ?? "";
  awsAuth.conflicts = 1;
  awsAuth.map = { metadata: { resourceVersion: "7" }, data: { mapRoles: done } };
  const applying = apply();
  await host.clock.advance(200);
  await applying;
  assert.equal(awsAuth.writes.length, 1);
  assert.equal(printed.at(-1), "aws-auth: another client has made the same change");
});

test("five conflicts in a row are an error, each after a longer wait", async () => {
  const { host, awsAuth, apply } = setUp();
  awsAuth.conflicts = 100;
  const refused = assert.rejects(apply(), { code: "aws-auth-conflict", message: /5 times in a row/, hint: /GitOps/ });
  await host.clock.advance(1999);
  assert.equal(awsAuth.writes.length, 4);
  await host.clock.advance(1);
  await refused;
  assert.equal(awsAuth.writes.length, 5);
});

test("a write that is not there when it is read back is an error that names the backup", async () => {
  const { awsAuth, apply } = setUp();
  awsAuth.lost = 1;
  await assert.rejects(apply(), { code: "aws-auth-readback", hint: /\/home\/joe\/aws-auth\.yaml\.$/ });
});
