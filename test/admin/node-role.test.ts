import assert from "node:assert/strict";
import { test } from "node:test";
import { planNodeRole, planNodeRoleRemoval } from "../../agent/admin/node-role.ts";
import { POLICY_NAME, permissionPolicy, ROLE_TAG, trustPolicy } from "../../agent/admin/node-role-policy.ts";
import { sampleAccess } from "../fakes/cluster-access.ts";
import { ADMIN_ARN, CLUSTER_ARN, MemoryAdminAws } from "../fakes/memory-admin.ts";

const USER = "arn:aws:iam::111122223333:user/gpu-machines";
const spec = { name: "gpu-nodes", trustedArn: USER, nodeNames: ["gpu-1"] };
const plan = (aws: MemoryAdminAws, nodeNames = ["gpu-1"]) => planNodeRole(aws, sampleAccess(), { ...spec, nodeNames });

/** An account whose role is as an earlier run made it. */
function withRole(changes: { trust?: object; policy?: object; tags?: Record<string, string>; path?: string } = {}) {
  const aws = new MemoryAdminAws();
  const { trust = trustPolicy(spec), policy = permissionPolicy({ clusterArn: CLUSTER_ARN }) } = changes;
  const tags = changes.tags ?? { [ROLE_TAG]: CLUSTER_ARN };
  aws.addRole("gpu-nodes", { trustPolicy: JSON.stringify(trust), tags, path: changes.path ?? "/" });
  aws.roles.get("gpu-nodes")?.policies.set(POLICY_NAME, JSON.stringify(policy));
  return aws;
}

test("a missing role is created with its trust policy, tag and permissions", async () => {
  const aws = new MemoryAdminAws();
  const { arn, isNew, changes } = await plan(aws);
  assert.deepEqual([arn, isNew], ["arn:aws:iam::111122223333:role/gpu-nodes", true]);
  assert.deepEqual(
    changes.map(({ action, target }) => `${action} ${target}`),
    ["create trust policy of role gpu-nodes", "create policy eks-satellite-node of role gpu-nodes"],
  );
  assert.deepEqual(aws.calls, ["iam:GetRole"], "a plan changes nothing");
  for (const { apply } of changes) await apply(() => undefined);
  const role = aws.roles.get("gpu-nodes");
  assert.deepEqual(JSON.parse(role?.trustPolicy ?? ""), trustPolicy(spec));
  assert.equal(role?.tags[ROLE_TAG], CLUSTER_ARN);
  assert.deepEqual((await plan(aws)).changes, [], "a second plan has nothing to do");
});

test("another node's name is added to those of the role, sorted and once", async () => {
  const aws = withRole();
  const { isNew, changes } = await plan(aws, ["gpu-0", "gpu-1"]);
  assert.equal(isNew, false);
  assert.deepEqual(
    changes.map(({ action, target }) => `${action} ${target}`),
    ["update trust policy of role gpu-nodes"],
  );
  await changes[0]?.apply(() => undefined);
  const trust = JSON.parse(aws.roles.get("gpu-nodes")?.trustPolicy ?? "");
  assert.deepEqual(trust, trustPolicy({ ...spec, nodeNames: ["gpu-0", "gpu-1"] }));
});

test("a manual change of our role is planned back, with the difference", async () => {
  const aws = withRole({ policy: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*" }] } });
  const { changes } = await plan(aws);
  assert.match(changes[0]?.diff ?? "", /^-.*"Action": "\*"/m);
  const replaced = await plan(withRole({ trust: { Statement: [] } }));
  assert.match(replaced.changes[0]?.diff ?? "", /^\+.*"sts:RoleSessionName": "gpu-1"/m);
});

test("a role without our tag, or with another cluster's, is not changed", async () => {
  for (const [tags, owner] of [
    [{}, "was not made by eks-satellite"],
    [{ [ROLE_TAG]: `${CLUSTER_ARN}-2` }, `is for ${CLUSTER_ARN}-2`],
  ] as const)
    await assert.rejects(plan(withRole({ tags, trust: {} })), {
      code: "role-not-ours",
      message: new RegExp(`exists, ${owner}, and differs`),
      hint: /--role-arn arn:aws:iam::111122223333:role\/gpu-nodes\.$/,
    });
});

test("a foreign role that already fits is used, with its own path", async () => {
  const { arn, changes } = await plan(withRole({ tags: {}, path: "/gpu/" }));
  assert.deepEqual([arn, changes], ["arn:aws:iam::111122223333:role/gpu/gpu-nodes", []]);
});

test("a denied call names the role and the caller", async () => {
  const aws = withRole();
  aws.denied.add("iam:GetRolePolicy");
  await assert.rejects(plan(aws), {
    code: "aws-forbidden",
    hint: `Allow iam:GetRolePolicy on arn:aws:iam::111122223333:role/gpu-nodes to ${ADMIN_ARN}.`,
  });
});

test("undone in reverse, a new role is gone, and a changed one is as it was", async () => {
  const aws = new MemoryAdminAws();
  const created = await plan(aws);
  for (const { apply } of created.changes) await apply(() => undefined);
  for (const { undo } of created.changes.toReversed()) await undo?.(() => undefined);
  assert.deepEqual([...aws.roles], []);
  const other = withRole({ policy: { Version: "2012-10-17", Statement: [] } });
  const changed = await plan(other, ["gpu-2"]);
  const before = structuredClone(other.roles.get("gpu-nodes"));
  for (const { apply } of changed.changes) await apply(() => undefined);
  for (const { undo } of changed.changes.toReversed()) await undo?.(() => undefined);
  assert.deepEqual(JSON.parse(other.roles.get("gpu-nodes")?.trustPolicy ?? ""), JSON.parse(before?.trustPolicy ?? ""));
  assert.deepEqual(other.roles.get("gpu-nodes")?.policies, before?.policies);
});

test("a role of the cluster's is deleted with its last node, and keeps the others' names", async () => {
  const remove = async (aws: MemoryAdminAws, nodeNames: readonly string[]) => {
    const changes = await planNodeRoleRemoval(aws, sampleAccess(), { name: "gpu-nodes", nodeNames });
    for (const { apply } of changes ?? []) await apply(() => undefined);
    return changes?.map(({ action, target }) => `${action} ${target}`);
  };
  const shared = withRole({ trust: trustPolicy({ ...spec, nodeNames: ["gpu-1", "gpu-2"] }) });
  assert.deepEqual(await remove(shared, ["gpu-9"]), []);
  assert.deepEqual(await remove(shared, ["gpu-1"]), ["update trust policy of role gpu-nodes"]);
  assert.deepEqual(await remove(shared, ["gpu-2"]), ["delete role gpu-nodes with its policy eks-satellite-node"]);
  assert.deepEqual([...shared.roles], []);
  assert.equal(await remove(shared, ["gpu-2"]), undefined, "it is gone");
  for (const foreign of [withRole({ tags: {} }), withRole({ trust: { Statement: [] } })]) {
    assert.equal(await remove(foreign, ["gpu-1"]), undefined);
    assert.equal(foreign.roles.size, 1);
  }
});
