import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkAccount,
  isSamePrincipal,
  mappedArn,
  parseAnyPrincipal,
  parsePrincipal,
  principalOfCaller,
} from "../../agent/admin/principal.ts";

const ROLE = "arn:aws:iam::111122223333:role/nodes";

test("a role with a path keeps it, and is known to aws-auth without it; a user keeps it in both", () => {
  const role = parsePrincipal("arn:aws-us-gov:iam::111122223333:role/team/a/nodes", "role", "--role-arn");
  assert.deepEqual([role.name, role.path, role.account], ["nodes", "/team/a/", "111122223333"]);
  assert.equal(mappedArn(role), "arn:aws-us-gov:iam::111122223333:role/nodes");
  const user = "arn:aws:iam::111122223333:user/team/gpu-1";
  assert.equal(mappedArn(parsePrincipal(user, "user", "--user-arn")), user);
});

test("the ARN of a session is refused with the role's own", () => {
  assert.throws(() => parsePrincipal("arn:aws:sts::111122223333:assumed-role/nodes/gpu-1", "role", "--role-arn"), {
    code: "session-arn",
    message: /--role-arn arn:aws:sts::111122223333:assumed-role\/nodes\/gpu-1 is the ARN of a session/,
    hint: /arn:aws:iam::111122223333:role\/nodes.*aws iam get-role --role-name nodes/,
  });
});

test("what is no role or user is refused with the value and an example", () => {
  for (const arn of [
    "",
    "nodes",
    "arn:aws:iam::1:role/nodes",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:role/",
    "arn:aws:iam::111122223333:instance-profile/nodes",
    "arn:aws:iam::111122223333:role/no des",
    `${ROLE}\n- rolearn: x`,
    "*",
  ])
    assert.throws(() => parsePrincipal(arn, "role", "--role-arn"), {
      code: "principal-invalid",
      message: new RegExp(`^--role-arn ${JSON.stringify(arn).replaceAll(/[\\*[\]]/g, "\\$&")} is not`),
      hint: /arn:aws:iam::111122223333:role\/NAME/,
    });
  assert.throws(() => parsePrincipal("arn:aws:iam::111122223333:user/joe", "role", "--role-arn"), {
    code: "principal-kind",
    hint: /--user-arn/,
  });
  assert.throws(() => parseAnyPrincipal("arn:aws:iam::111122223333:root", "--trusted-arn"), {
    code: "principal-invalid",
  });
});

test("a session stands for its role, whatever the path; the account's root for none", () => {
  const caller = principalOfCaller("arn:aws:sts::111122223333:assumed-role/nodes/joe@example.com");
  assert.equal(caller?.arn, ROLE);
  const withPath = parsePrincipal("arn:aws:iam::111122223333:role/team/Nodes", "role", "--role-arn");
  assert.ok(caller !== undefined && isSamePrincipal(withPath, caller));
  assert.equal(principalOfCaller("arn:aws:iam::111122223333:root"), undefined);
});

test("a role of another account than the cluster's is refused with both", () => {
  assert.throws(
    () => checkAccount(parsePrincipal(ROLE, "role", "--role-arn"), { name: "demo", account: "444455556666" }),
    {
      code: "principal-other-account",
      message: /in account 111122223333, and cluster demo is in account 444455556666/,
    },
  );
});
