import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isSamePolicy,
  permissionPolicy,
  pinnedNames,
  renderRoleJson,
  renderRoleTerraform,
  roleArn,
  trustPolicy,
} from "../../agent/admin/node-role-policy.ts";

const USER = "arn:aws:iam::111122223333:user/gpu-machines";
const ROLE = {
  name: "gpu.nodes",
  partition: "aws",
  account: "111122223333",
  clusterArn: "arn:aws:eks:us-west-2:111122223333:cluster/demo",
  trustedArn: USER,
  nodeNames: ["gpu-1", "gpu-2"],
};

test("the trust policy pins one name as a text and several as a list", () => {
  const conditionOf = (nodeNames: readonly string[]) =>
    (trustPolicy({ trustedArn: USER, nodeNames }).Statement as { Condition: unknown }[])[0]?.Condition;
  assert.deepEqual(conditionOf(["gpu-1"]), { StringEquals: { "sts:RoleSessionName": "gpu-1" } });
  assert.deepEqual(conditionOf(["gpu-1", "gpu-2"]), { StringEquals: { "sts:RoleSessionName": ["gpu-1", "gpu-2"] } });
});

test("the names are read back from our own trust policy, in whatever form IAM stores it", () => {
  assert.deepEqual(pinnedNames(trustPolicy(ROLE), USER), ["gpu-1", "gpu-2"]);
  assert.deepEqual(pinnedNames(trustPolicy({ ...ROLE, nodeNames: ["gpu-1"] }), USER), ["gpu-1"]);
  const stored = JSON.parse(JSON.stringify(trustPolicy(ROLE)).replace('"sts:AssumeRole"', '["sts:AssumeRole"]'));
  assert.deepEqual(pinnedNames({ ...stored, Statement: stored.Statement[0] }, USER), ["gpu-1", "gpu-2"]);
});

test("a policy for another principal, with a further condition or of another shape has no names of ours", () => {
  const [statement] = trustPolicy(ROLE).Statement as { Condition: object }[];
  const policies = [
    trustPolicy({ ...ROLE, trustedArn: `${USER}-2` }),
    { ...trustPolicy(ROLE), Statement: [statement, statement] },
    { ...trustPolicy(ROLE), Statement: [{ ...statement, Condition: { ...statement?.Condition, Bool: {} } }] },
    { Statement: [{ Condition: { StringEquals: { "sts:RoleSessionName": 7 } } }] },
    null,
    "text",
  ];
  for (const policy of policies) assert.equal(pinnedNames(policy, USER), undefined, JSON.stringify(policy));
});

test("the order of lists does not make another policy, another value does", () => {
  const policy = permissionPolicy(ROLE);
  const [describe, pull] = policy.Statement as { Action: string[] }[];
  const reordered = { Statement: [{ ...pull, Action: pull?.Action.toReversed() }, describe], Version: "2012-10-17" };
  assert.ok(isSamePolicy(policy, reordered));
  assert.ok(!isSamePolicy(policy, { ...reordered, Version: "2008-10-17" }));
  assert.ok(!isSamePolicy(policy, permissionPolicy({ clusterArn: `${ROLE.clusterArn}2` })));
});

test("the node may describe its own cluster only", () => {
  const [describe] = permissionPolicy(ROLE).Statement as { Action: string; Resource: string }[];
  assert.deepEqual([describe?.Action, describe?.Resource], ["eks:DescribeCluster", ROLE.clusterArn]);
});

test("the JSON document holds the requests of all three calls", () => {
  const { role, policy, accessEntry } = JSON.parse(renderRoleJson(ROLE));
  assert.deepEqual(role.AssumeRolePolicyDocument, trustPolicy(ROLE));
  assert.deepEqual(role.Tags, [{ Key: "eks-satellite:cluster", Value: ROLE.clusterArn }]);
  assert.deepEqual(policy.PolicyDocument, permissionPolicy(ROLE));
  assert.deepEqual(accessEntry, { clusterName: "demo", principalArn: roleArn(ROLE), type: "HYBRID_LINUX" });
});

test("Terraform's labels have no characters that it refuses, and refer to each other", () => {
  const text = renderRoleTerraform(ROLE);
  assert.match(text, /^resource "aws_iam_role" "node_gpu_nodes" \{\n {2}name {15}= "gpu\.nodes"\n/);
  assert.match(text, /role {3}= aws_iam_role\.node_gpu_nodes\.name/);
  assert.match(text, /principal_arn = aws_iam_role\.node_gpu_nodes\.arn/);
});

test("no path of an ARN becomes a template of Terraform", () => {
  const template = ["$", "{path}"].join("");
  const trustedArn = `arn:aws:iam::111122223333:user/${template}/%{if}/$x/gpu`;
  const text = renderRoleTerraform({ ...ROLE, trustedArn });
  assert.ok(text.includes(`"arn:aws:iam::111122223333:user/$${template}/%%{if}/$x/gpu"`), text);
});
