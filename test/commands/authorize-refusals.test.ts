// What authorize and revoke refuse: they take no user's access away, and each refusal names the value and what to do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ACCOUNT, ADMIN_ARN, ADMIN_ENTRY, NODE_ROLE, setUpAdmin } from "../fakes/memory-admin.ts";

const ADMIN_ROLE = `arn:aws:iam::${ACCOUNT}:role/admin`;
const USER = `arn:aws:iam::${ACCOUNT}:user/gpu-1`;

test("the caller's own role is neither authorized nor revoked", async () => {
  for (const mode of ["API", "API_AND_CONFIG_MAP", "CONFIG_MAP"]) {
    const { authorize, revoke, adminAws, awsAuth } = setUpAdmin(mode);
    adminAws.addEntry(ADMIN_ROLE, "STANDARD", ADMIN_ARN);
    for (const roleArn of [ADMIN_ROLE, ADMIN_ROLE.replace("role/", "role/path/"), ADMIN_ROLE.replace("admin", "Admin")])
      for (const run of [authorize, revoke])
        await assert.rejects(run({ roleArn }), { code: "own-access", message: new RegExp(ADMIN_ARN) });
    assert.deepEqual([adminAws.entries.size, awsAuth.writes], [1, []]);
  }
  const { authorize, aws } = setUpAdmin();
  aws.callerArn = USER;
  await assert.rejects(authorize({ userArn: USER, nodeName: ["gpu-1"] }), { code: "own-access" });
});

test("a role that aws-auth maps to another access keeps it: an access entry would take precedence, so none is made", async () => {
  const { authorize, revoke, awsAuth, adminAws, host } = setUpAdmin();
  awsAuth.edit({ mapRoles: ADMIN_ENTRY.replace("role/admin", "role/nodes") });
  const before = awsAuth.data;
  for (const method of ["auto", "access-entry", "aws-auth"] as const)
    await assert.rejects(authorize({ roleArn: NODE_ROLE, method }), {
      code: "mapping-differs",
      message:
        /aws-auth already maps \S+nodes to something else: line 2 of mapRoles, to "admin" in \["system:masters"\]/,
    });
  adminAws.addEntry(NODE_ROLE, "HYBRID_LINUX");
  await assert.rejects(revoke({ roleArn: NODE_ROLE }), { code: "mapping-differs" });
  assert.deepEqual([awsAuth.data, adminAws.entries.size, host.files.changes], [before, 1, []]);
});

test("a role with an access entry of another type keeps it", async () => {
  const { authorize, revoke, adminAws, awsAuth } = setUpAdmin();
  adminAws.addEntry(NODE_ROLE, "STANDARD", "joe");
  const expected = { code: "entry-differs", message: /type STANDARD/ };
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), {
    ...expected,
    hint: /aws eks delete-access-entry --cluster-name demo/,
  });
  await assert.rejects(authorize({ roleArn: NODE_ROLE, method: "aws-auth" }), expected);
  await assert.rejects(revoke({ roleArn: NODE_ROLE }), expected);
  assert.deepEqual([adminAws.entries.size, awsAuth.writes], [1, []]);
});

test("a role of another account, a missing role, a session, a user and a wrong name are refused before anything is changed", async () => {
  const cases = [
    [{ roleArn: "arn:aws:iam::444455556666:role/nodes" }, "principal-other-account", /444455556666.*111122223333/],
    [{ roleArn: `arn:aws:iam::${ACCOUNT}:role/absent` }, "role-not-found", /no role absent in account 111122223333/],
    [{ roleArn: "arn:aws:sts::111122223333:assumed-role/nodes/gpu-1" }, "session-arn", /session/],
    [{ roleArn: USER }, "principal-kind", /user/],
    [{ userArn: USER }, "options-invalid", /needs one --node-name, not 0/],
    [{ userArn: USER, nodeName: ["a", "b"] }, "options-invalid", /needs one --node-name, not 2/],
    [{ userArn: USER, roleArn: NODE_ROLE }, "options-invalid", /cannot both/],
    [{}, "options-invalid", /no role or user is named/],
    [{ roleArn: NODE_ROLE, nodeName: ["i-1"] }, "node-name-invalid", /"i-1" begins with i-/],
    [{ userArn: USER, nodeName: ["fargate-ip-10-0-2-27.ec2.internal"] }, "node-name-invalid", /begins with fargate-/],
    [{ roleArn: NODE_ROLE, cluster: "de/mo" }, "cluster-invalid", /--cluster "de\/mo"/],
    [{ roleArn: NODE_ROLE, region: "evil.example.com/x" }, "cluster-invalid", /--region "evil/],
    [{ roleArn: NODE_ROLE, createRole: true, trustedArn: USER, nodeName: ["a"] }, "options-invalid", /cannot both/],
    [{ createRole: true, nodeName: ["a"] }, "options-invalid", /needs --trusted-arn/],
    [{ createRole: true, trustedArn: USER }, "options-invalid", /needs --node-name/],
    [{ createRole: "no good", trustedArn: USER, nodeName: ["a"] }, "options-invalid", /"no good" cannot be the name/],
    [
      { createRole: true, trustedArn: USER, nodeName: ["a".repeat(60)] },
      "options-invalid",
      /cannot be the name of a role/,
    ],
    [{ createRole: true, trustedArn: "*", nodeName: ["a"] }, "principal-invalid", /--trusted-arn "\*"/],
    [{ print: "json" as const }, "options-invalid", /--create-role/],
  ] as const;
  for (const [options, code, message] of cases) {
    const { authorize, adminAws, awsAuth, host } = setUpAdmin();
    await assert.rejects(authorize(options), (error: { code?: string; message: string; hint?: string }) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.ok(error.hint, "with a hint");
      return true;
    });
    assert.deepEqual([adminAws.entries.size, awsAuth.writes, host.files.changes], [0, [], []]);
  }
});

test("a method that the cluster or the principal does not support is refused with the reason", async () => {
  const cases = [
    ["API", { roleArn: NODE_ROLE, method: "aws-auth" }, /demo is API: it does not read aws-auth/],
    [
      "API",
      { userArn: USER, nodeName: ["gpu-1"] },
      /gpu-1 can be a node through aws-auth only, and the authentication mode API/,
    ],
    ["CONFIG_MAP", { roleArn: NODE_ROLE, method: "access-entry" }, /CONFIG_MAP: it has no access entries/],
    ["API_AND_CONFIG_MAP", { userArn: USER, nodeName: ["gpu-1"], method: "access-entry" }, /begin with system:/],
  ] as const;
  for (const [mode, options, message] of cases)
    await assert.rejects(setUpAdmin(mode).authorize(options), { code: "method-impossible", message });
});

test("an aws-auth that cannot be read is left alone, and does not prevent an access entry", async () => {
  for (const text of ["\t- rolearn: x\n", "not: a list\n", "- rolearn: 'x\n", "plain words"]) {
    const { authorize, revoke, awsAuth, host, adminAws, said } = setUpAdmin();
    awsAuth.edit({ mapRoles: text });
    for (const run of [authorize, revoke])
      await assert.rejects(run({ roleArn: NODE_ROLE, method: "aws-auth" }), { code: "aws-auth-invalid" });
    assert.deepEqual([awsAuth.data?.mapRoles, awsAuth.writes, host.files.changes], [text, [], []]);
    assert.equal(await authorize({ roleArn: NODE_ROLE }), 0);
    assert.equal(adminAws.entries.size, 1);
    assert.match(said(), /! what aws-auth grants the role.*cannot be read/);
  }
});

test("neither the output nor the backup holds a secret", async () => {
  const { authorize, said, host } = setUpAdmin("CONFIG_MAP");
  await authorize({ roleArn: NODE_ROLE, output: "json" });
  assert.doesNotMatch(
    said() + JSON.stringify(host.files.paths().map((path) => host.files.peek(path))),
    /admin-secret|k8s-aws-v1/,
  );
});
