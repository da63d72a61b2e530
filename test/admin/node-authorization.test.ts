import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterAccess } from "../../agent/admin/cluster-access.ts";
import { type NodeAuthorization, planAuthorization, planRevocation } from "../../agent/admin/node-authorization.ts";
import { parsePrincipal } from "../../agent/admin/principal.ts";
import { MemoryAwsAuthApi, sampleAccess } from "../fakes/cluster-access.ts";
import { ADMIN_ENTRY, MemoryAdminAws, NODE_ROLE } from "../fakes/memory-admin.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const role = parsePrincipal(NODE_ROLE, "role", "--role-arn");
const user = parsePrincipal("arn:aws:iam::111122223333:user/gpu-1", "user", "--user-arn");

function setUp(mode: ClusterAccess["mode"], path = "/") {
  const aws = new MemoryAdminAws();
  aws.addRole("nodes", { path, trustPolicy: '{"sts:RoleSessionName": "gpu-1"}' });
  const awsAuth = new MemoryAwsAuthApi({ mapRoles: ADMIN_ENTRY });
  const host = new MemoryHost();
  const context = { host, aws, access: sampleAccess({ mode, awsAuth }) };
  const given = (changes: Partial<NodeAuthorization>): NodeAuthorization => ({
    principal: role,
    method: "auto",
    nodeName: "gpu-1",
    roleState: "present",
    backupFile: "/tmp/backup.yaml",
    ...changes,
  });
  const authorize = (changes: Partial<NodeAuthorization> = {}) => planAuthorization(context, given(changes));
  const revoke = (changes: Partial<NodeAuthorization> = {}) => planRevocation(context, given(changes));
  return { host, aws, awsAuth, authorize, revoke };
}

const targets = ({ changes }: { changes: readonly { action: string; target: string }[] }) =>
  changes.map(({ action, target }) => `${action} ${target}`);

test("auto is an access entry for a role where the cluster has them, and aws-auth elsewhere", async () => {
  for (const mode of ["API", "API_AND_CONFIG_MAP"] as const)
    assert.deepEqual(targets(await setUp(mode).authorize()), [`create access entry of ${NODE_ROLE}`], mode);
  assert.deepEqual(targets(await setUp("CONFIG_MAP").authorize()), ["update mapRoles in aws-auth"]);
  assert.deepEqual(targets(await setUp("API_AND_CONFIG_MAP").authorize({ principal: user })), [
    "create mapUsers in aws-auth",
  ]);
});

test("a method that the cluster or the principal lacks is impossible", async () => {
  for (const [mode, changes] of [
    ["CONFIG_MAP", { method: "access-entry" }],
    ["API", { method: "aws-auth" }],
    ["API", { principal: user }],
    ["API_AND_CONFIG_MAP", { principal: user, method: "access-entry" }],
  ] as const) {
    await assert.rejects(setUp(mode).authorize(changes), { code: "method-impossible", hint: /\.$/ });
    await assert.rejects(setUp(mode).revoke(changes), { code: "method-impossible" });
  }
});

test("a path that the user omits goes into the access entry, and not into aws-auth", async () => {
  assert.deepEqual(targets(await setUp("API", "/gpu/").authorize()), [
    "create access entry of arn:aws:iam::111122223333:role/gpu/nodes",
  ]);
  const { awsAuth, authorize } = setUp("CONFIG_MAP", "/gpu/");
  const { changes } = await authorize();
  await changes[0]?.apply(() => undefined);
  assert.match(awsAuth.map?.data?.mapRoles ?? "", /rolearn: arn:aws:iam::111122223333:role\/nodes\n/);
});

test("a planned role is not looked up, a missing one is an error, and an unknown one is taken as given", async () => {
  const { aws, authorize } = setUp("API");
  aws.roles.clear();
  assert.equal((await authorize({ roleState: "planned" })).changes.length, 1);
  assert.ok(!aws.calls.includes("iam:GetRole"));
  await assert.rejects(authorize(), { code: "role-not-found" });
  assert.deepEqual(targets(await authorize({ roleState: "unknown" })), [`create access entry of ${NODE_ROLE}`]);
});

test("revoke removes the entry and the mapping, with one method only its own", async () => {
  const { aws, awsAuth, authorize, revoke } = setUp("API_AND_CONFIG_MAP");
  for (const method of ["aws-auth", "access-entry"] as const)
    for (const { apply } of (await authorize({ method })).changes) await apply(() => undefined);
  assert.equal(aws.entries.size, 1);
  const entry = `delete access entry of ${NODE_ROLE}`;
  assert.deepEqual(targets(await revoke()), [entry, "update mapRoles in aws-auth"]);
  assert.deepEqual(targets(await revoke({ method: "access-entry" })), [entry]);
  assert.deepEqual(targets(await revoke({ method: "aws-auth" })), ["update mapRoles in aws-auth"]);
  for (const { apply } of (await revoke()).changes) await apply(() => undefined);
  assert.deepEqual([aws.entries.size, awsAuth.map?.data?.mapRoles], [0, ADMIN_ENTRY]);
  assert.deepEqual(targets(await revoke()), []);
});

test("a revoked role that IAM has no more is found among the entries by its name", async () => {
  const { aws, revoke } = setUp("API");
  aws.roles.clear();
  aws.addEntry("arn:aws:iam::111122223333:role/gpu/nodes", "HYBRID_LINUX");
  assert.deepEqual(targets(await revoke()), ["delete access entry of arn:aws:iam::111122223333:role/gpu/nodes"]);
});

test("undone, an entry and a mapping are gone, and what others have stays", async () => {
  const { aws, awsAuth, authorize } = setUp("API_AND_CONFIG_MAP");
  aws.addEntry("arn:aws:iam::111122223333:role/other", "STANDARD");
  const byEntry = await authorize();
  const byMapping = await authorize({ principal: user });
  const changes = [...byEntry.changes, ...byMapping.changes];
  for (const { apply } of changes) await apply(() => undefined);
  assert.equal(aws.entries.size, 2);
  assert.match(awsAuth.map?.data?.mapUsers ?? "", /gpu-1/);
  for (const { undo } of changes.toReversed()) await undo?.(() => undefined);
  assert.deepEqual([...aws.entries.keys()], ["arn:aws:iam::111122223333:role/other"]);
  assert.doesNotMatch(awsAuth.map?.data?.mapUsers ?? "", /gpu-1/);
  assert.equal(awsAuth.map?.data?.mapRoles, ADMIN_ENTRY);
});

test("an undo keeps the backup from before the change, and saves what it changes under another name", async () => {
  const { host, authorize } = setUp("CONFIG_MAP");
  const { changes } = await authorize();
  for (const { apply } of changes) await apply(() => undefined);
  const backup = host.files.peek("/tmp/backup.yaml")?.content ?? "";
  assert.doesNotMatch(backup, /role\/nodes/);
  for (const { undo } of changes) await undo?.(() => undefined);
  assert.equal(host.files.peek("/tmp/backup.yaml")?.content, backup);
  assert.match(host.files.peek("/tmp/backup-before-undo.yaml")?.content ?? "", /role\/nodes/);
});
