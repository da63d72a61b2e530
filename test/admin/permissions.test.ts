import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ADMIN_RIGHTS, SOURCE_RIGHTS } from "../../agent/admin/permissions.ts";

const ADMIN = new URL("../../agent/admin/", import.meta.url).pathname;
const listed = ADMIN_RIGHTS.flatMap(({ actions }) => actions);

/** Actions that come with another: a tag with what is created, and what only a node or its policy does. */
const WITH_ANOTHER = [
  "ec2:CreateTags",
  "iam:TagRole",
  "iam:TagInstanceProfile",
  "iam:PassRole",
  "ssm:AddTagsToResource",
  "ssm:GetParameters",
  "eks:DescribeCluster",
];
/** What nodes and gateways may do. */
const POLICIES = ["node-role-policy.ts", "gateway/policies.ts"];

test("the table has each action that the administrator's commands ask for, and no other", () => {
  const used = globSync("**/*.ts", { cwd: ADMIN })
    .filter((name) => name !== "permissions.ts" && !POLICIES.includes(name))
    .flatMap((name) => readFileSync(ADMIN + name, "utf8").match(/(?<=")(?:ec2|eks|iam|ssm|sts):[A-Z]\w+(?=")/g) ?? []);
  assert.ok(used.length > 10);
  assert.deepEqual([...new Set([...used, ...WITH_ANOTHER])].toSorted(), [...new Set(listed)].toSorted());
});

test("each line says what it needs, in AWS or in the cluster", () => {
  for (const { command, actions, kubernetes } of ADMIN_RIGHTS)
    assert.ok(actions.length > 0 || kubernetes !== undefined, command);
  assert.ok(SOURCE_RIGHTS.some(({ action }) => action === "sts:AssumeRole"));
});
