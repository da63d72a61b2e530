// Where authorize and revoke stop: nobody loses access by them, and each refusal names the value and what to do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { awsError, connectionRefused } from "../fakes/memory-aws.ts";
import { ACCOUNT, ADMIN_ARN, ADMIN_ENTRY, CLUSTER_ARN, NODE_ROLE, setUpOperator } from "../fakes/memory-operator.ts";

const ADMIN_ROLE = `arn:aws:iam::${ACCOUNT}:role/admin`;
const USER = `arn:aws:iam::${ACCOUNT}:user/gpu-1`;

test("nobody is let in, or taken away, as whom they are here", async () => {
  for (const mode of ["API", "API_AND_CONFIG_MAP", "CONFIG_MAP"]) {
    const { authorize, revoke, operatorAws, awsAuth } = setUpOperator(mode);
    operatorAws.addEntry(ADMIN_ROLE, "STANDARD", ADMIN_ARN);
    for (const roleArn of [ADMIN_ROLE, ADMIN_ROLE.replace("role/", "role/path/"), ADMIN_ROLE.replace("admin", "Admin")])
      for (const run of [authorize, revoke])
        await assert.rejects(run({ roleArn }), { code: "own-access", message: new RegExp(ADMIN_ARN) });
    assert.deepEqual([operatorAws.entries.size, awsAuth.writes], [1, []]);
  }
  const { authorize, aws } = setUpOperator();
  aws.callerArn = USER;
  await assert.rejects(authorize({ userArn: USER, nodeName: ["gpu-1"] }), { code: "own-access" });
});

test("a role that is somebody's access in aws-auth stays it, though an entry could be made: the entry would go before", async () => {
  const { authorize, revoke, awsAuth, operatorAws, host } = setUpOperator();
  awsAuth.edit({ mapRoles: ADMIN_ENTRY.replace("role/admin", "role/nodes") });
  const before = awsAuth.data;
  for (const method of ["auto", "access-entry", "aws-auth"] as const)
    await assert.rejects(authorize({ roleArn: NODE_ROLE, method }), {
      code: "mapping-differs",
      message: /nodes already, and otherwise: line 2 of mapRoles, to "admin" in \["system:masters"\]/,
    });
  operatorAws.addEntry(NODE_ROLE, "HYBRID_LINUX");
  await assert.rejects(revoke({ roleArn: NODE_ROLE }), { code: "mapping-differs" });
  assert.deepEqual([awsAuth.data, operatorAws.entries.size, host.files.changes], [before, 1, []]);
});

test("a role that has an access entry of another type keeps it", async () => {
  const { authorize, revoke, operatorAws, awsAuth } = setUpOperator();
  operatorAws.addEntry(NODE_ROLE, "STANDARD", "joe");
  const expected = { code: "entry-differs", message: /type STANDARD/ };
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), {
    ...expected,
    hint: /aws eks delete-access-entry --cluster-name demo/,
  });
  await assert.rejects(authorize({ roleArn: NODE_ROLE, method: "aws-auth" }), expected);
  await assert.rejects(revoke({ roleArn: NODE_ROLE }), expected);
  assert.deepEqual([operatorAws.entries.size, awsAuth.writes], [1, []]);
});

test("a role of another account, one that is not there, a session, a user and a wrong name are refused before anything is asked to change", async () => {
  const cases = [
    [{ roleArn: "arn:aws:iam::444455556666:role/nodes" }, "principal-other-account", /444455556666.*111122223333/],
    [{ roleArn: `arn:aws:iam::${ACCOUNT}:role/absent` }, "role-not-found", /no role absent in account 111122223333/],
    [{ roleArn: "arn:aws:sts::111122223333:assumed-role/nodes/gpu-1" }, "session-arn", /session/],
    [{ roleArn: USER }, "principal-kind", /user/],
    [{ userArn: USER }, "options-invalid", /needs one --node-name, not 0/],
    [{ userArn: USER, nodeName: ["a", "b"] }, "options-invalid", /needs one --node-name, not 2/],
    [{ userArn: USER, roleArn: NODE_ROLE }, "options-invalid", /cannot both/],
    [{}, "options-invalid", /nobody is named/],
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
    const { authorize, operatorAws, awsAuth, host } = setUpOperator();
    await assert.rejects(authorize(options), (error: { code?: string; message: string; hint?: string }) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.ok(error.hint, "with a hint");
      return true;
    });
    assert.deepEqual([operatorAws.entries.size, awsAuth.writes, host.files.changes], [0, [], []]);
  }
});

test("a way that the cluster or the principal does not have is refused in words", async () => {
  const cases = [
    ["API", { roleArn: NODE_ROLE, method: "aws-auth" }, /demo is API: it does not read aws-auth/],
    [
      "API",
      { userArn: USER, nodeName: ["gpu-1"] },
      /gpu-1 can be a node through aws-auth alone, and the authentication mode API/,
    ],
    ["CONFIG_MAP", { roleArn: NODE_ROLE, method: "access-entry" }, /CONFIG_MAP: it has no access entries/],
    ["API_AND_CONFIG_MAP", { userArn: USER, nodeName: ["gpu-1"], method: "access-entry" }, /begin with system:/],
  ] as const;
  for (const [mode, options, message] of cases)
    await assert.rejects(setUpOperator(mode).authorize(options), { code: "method-impossible", message });
});

test("an aws-auth that cannot be read is left alone, and costs no access entry", async () => {
  for (const text of ["\t- rolearn: x\n", "not: a list\n", "- rolearn: 'x\n", "plain words"]) {
    const { authorize, revoke, awsAuth, host, operatorAws, said } = setUpOperator();
    awsAuth.edit({ mapRoles: text });
    for (const run of [authorize, revoke])
      await assert.rejects(run({ roleArn: NODE_ROLE, method: "aws-auth" }), { code: "aws-auth-invalid" });
    assert.deepEqual([awsAuth.data?.mapRoles, awsAuth.writes, host.files.changes], [text, [], []]);
    assert.equal(await authorize({ roleArn: NODE_ROLE }), 0);
    assert.equal(operatorAws.entries.size, 1);
    assert.match(said(), /! what aws-auth says of the role.*cannot be read/);
  }
});

test("an edit of another at the same moment is kept: the change is made once more on what it is then", async () => {
  const { authorize, revoke, awsAuth, roles, said, host } = setUpOperator("CONFIG_MAP");
  let edits = 0;
  awsAuth.beforeWrite = () => {
    if (edits++ < 2)
      awsAuth.edit({ mapRoles: `${awsAuth.data?.mapRoles}# edit ${edits}\n- {rolearn: "other-${edits}"}\n` });
  };
  const running = authorize({ roleArn: NODE_ROLE });
  await host.clock.advance(2000);
  assert.equal(await running, 0);
  assert.deepEqual(
    roles().map((entry) => (entry as { rolearn: string }).rolearn),
    [ADMIN_ROLE, "other-1", "other-2", NODE_ROLE],
  );
  assert.match(said(), /changed by another meanwhile/);
  assert.match(
    host.files.peek("./aws-auth-demo-20260102T030405.000Z.yaml")?.content ?? "",
    /edit 2/,
    "what is saved is what was replaced",
  );
  edits = 0;
  const revoking = revoke({ roleArn: NODE_ROLE });
  await host.clock.advance(2000);
  assert.equal(await revoking, 0);
  assert.ok(awsAuth.data?.mapRoles?.includes("# edit 1\n") && !awsAuth.data.mapRoles.includes(NODE_ROLE));
});

test("another's edit that breaks the text, or maps the role otherwise, between the look and the write stops it", async () => {
  for (const [text, code] of [
    ["\t- broken", "aws-auth-invalid"],
    [ADMIN_ENTRY.replace("role/admin", "role/nodes"), "mapping-differs"],
  ] as const) {
    const { authorize, awsAuth, host } = setUpOperator("CONFIG_MAP");
    awsAuth.beforeWrite = () => awsAuth.edit({ mapRoles: text });
    const refused = assert.rejects(authorize({ roleArn: NODE_ROLE }), { code });
    await host.clock.advance(2000);
    await refused;
    assert.equal(awsAuth.data?.mapRoles, text);
  }
});

test("somebody who edits all the time is named as the trouble, and nothing is forced", async () => {
  const { authorize, awsAuth, host } = setUpOperator("CONFIG_MAP");
  awsAuth.beforeWrite = () => awsAuth.edit({});
  const refused = assert.rejects(authorize({ roleArn: NODE_ROLE }), { code: "aws-auth-conflict", hint: /GitOps/ });
  await host.clock.advance(10_000);
  await refused;
  assert.deepEqual([awsAuth.writes.length, awsAuth.data?.mapRoles], [5, ADMIN_ENTRY]);
});

test("what is not there any more when it is read back is told", async () => {
  const { authorize, awsAuth, host } = setUpOperator("CONFIG_MAP");
  host.onFetch = (request) => {
    const answer = awsAuth.answer(request);
    if (request.method === "PATCH") awsAuth.edit({ mapRoles: ADMIN_ENTRY });
    return answer;
  };
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), { code: "aws-auth-readback", hint: /aws-auth-demo-/ });
});

test("where the old text cannot be saved nothing is changed", async () => {
  const { authorize, awsAuth, host } = setUpOperator("CONFIG_MAP");
  host.files.refuseWrites("/full", "ENOSPC");
  await assert.rejects(authorize({ roleArn: NODE_ROLE, backupFolder: "/full" }), { code: "disk-full" });
  assert.deepEqual(awsAuth.writes, []);
});

test("1 MiB of aws-auth takes no entry more, and says how much it would be", async () => {
  const { authorize, awsAuth } = setUpOperator("CONFIG_MAP");
  awsAuth.edit({ mapUsers: `# ${"x".repeat(1024 * 1024 - ADMIN_ENTRY.length - 10)}\n` });
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), {
    code: "aws-auth-full",
    message: /a ConfigMap ends at 1048576/,
  });
  assert.deepEqual(awsAuth.writes, []);
});

test("a missing permission of AWS is named with its action, its ARN and who lacks it", async () => {
  const entryArn = `arn:aws:eks:us-west-2:${ACCOUNT}:access-entry/demo/role/${ACCOUNT}/nodes/*`;
  const newRole = `arn:aws:iam::${ACCOUNT}:role/eks-satellite-gpu-1`;
  const create = { createRole: true, trustedArn: USER, nodeName: ["gpu-1"] } as const;
  const cases = [
    ["eks:DescribeAccessEntry", entryArn, { roleArn: NODE_ROLE }],
    ["eks:CreateAccessEntry", CLUSTER_ARN, { roleArn: NODE_ROLE }],
    ["iam:GetRole", newRole, create],
    ["iam:CreateRole", newRole, create],
    ["iam:PutRolePolicy", newRole, create],
  ] as const;
  for (const [action, resource, options] of cases) {
    const { authorize, operatorAws } = setUpOperator("API");
    operatorAws.denied.add(action);
    await assert.rejects(authorize(options), {
      code: "aws-forbidden",
      message: `${action} on ${resource} was denied`,
      hint: `Allow ${action} on ${resource} to ${ADMIN_ARN}.`,
    });
  }
  const { authorize, revoke, operatorAws } = setUpOperator("API");
  await authorize({ roleArn: NODE_ROLE });
  operatorAws.denied.add("eks:DeleteAccessEntry");
  await assert.rejects(revoke({ roleArn: NODE_ROLE }), {
    code: "aws-forbidden",
    message: `eks:DeleteAccessEntry on ${entryArn} was denied`,
  });
  await authorize(create);
  for (const [action, change] of [
    ["iam:UpdateAssumeRolePolicy", { nodeName: ["gpu-1", "gpu-2"], createRole: "eks-satellite-gpu-1" }],
    ["iam:GetRolePolicy", {}],
  ] as const) {
    operatorAws.denied.add(action);
    await assert.rejects(authorize({ ...create, ...change }), { message: `${action} on ${newRole} was denied` });
    operatorAws.denied.delete(action);
  }
});

test("a missing DescribeCluster, a cluster that is not there, missing keys and an AWS that is away are told apart", async () => {
  const denied = setUpOperator();
  denied.aws.fail(awsError("AccessDeniedException", 403), "describeCluster");
  await assert.rejects(denied.authorize({ roleArn: NODE_ROLE }), {
    code: "aws-forbidden",
    message: `eks:DescribeCluster on ${CLUSTER_ARN} was denied`,
    hint: `Allow eks:DescribeCluster on ${CLUSTER_ARN} to ${ADMIN_ARN}.`,
  });
  const absent = setUpOperator();
  absent.aws.fail(awsError("ResourceNotFoundException", 404), "describeCluster");
  await assert.rejects(absent.authorize({ roleArn: NODE_ROLE }), {
    code: "cluster-not-found",
    message: /demo in us-west-2/,
  });
  const keyless = setUpOperator();
  keyless.operatorAws.denied.add("keys");
  await assert.rejects(keyless.authorize({ roleArn: NODE_ROLE }), {
    code: "credentials-missing",
    hint: /aws sso login/,
  });
  const away = setUpOperator();
  away.aws.fail(connectionRefused());
  await assert.rejects(away.authorize({ roleArn: NODE_ROLE }), { code: "aws-unreachable" });
});

test("what may not be looked at but need not be known is a warning", async () => {
  const { authorize, operatorAws, awsAuth, said } = setUpOperator();
  operatorAws.denied.add("iam:GetRole");
  awsAuth.isKnown = false;
  assert.equal(await authorize({ roleArn: NODE_ROLE }), 0);
  assert.match(
    said(),
    /! whether role \S+ is there, and with which path, is not known: iam:GetRole on it is denied to /,
  );
  assert.match(
    said(),
    /! what aws-auth says of the role, which the entry goes before, is not known: cluster demo does not know /,
  );
  const other = setUpOperator();
  other.operatorAws.denied.add("eks:DescribeAccessEntry");
  assert.equal(await other.authorize({ roleArn: NODE_ROLE, method: "aws-auth" }), 0);
  assert.match(other.said(), /! whether \S+ has an access entry, which would go before aws-auth, is not known/);
  await assert.rejects(
    other.revoke({ roleArn: NODE_ROLE }),
    { code: "aws-forbidden" },
    "but not to know whether access is left",
  );
});

test("a missing right in Kubernetes is named with its verb, the ConfigMap and who lacks it", async () => {
  for (const verb of ["get", "patch", "create"]) {
    const { authorize, awsAuth } = setUpOperator("CONFIG_MAP");
    if (verb === "create") awsAuth.data = undefined;
    awsAuth.denied.add(verb);
    await assert.rejects(authorize({ roleArn: NODE_ROLE }), {
      code: "api-forbidden",
      message: new RegExp(
        `^${verb} of configmap aws-auth in namespace kube-system was denied to ${ADMIN_ARN}: .*User "joe" cannot ${verb}`,
      ),
      hint: new RegExp(`allow ${verb} on configmaps`),
    });
  }
  const { authorize, awsAuth, host } = setUpOperator("CONFIG_MAP");
  awsAuth.isKnown = false;
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), {
    code: "api-unauthorized",
    message: /demo does not know arn:aws:sts/,
  });
  host.onFetch = () => {
    throw connectionRefused();
  };
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), { code: "api-unreachable", hint: /private/ });
});

test("neither what is said nor what is saved holds a secret", async () => {
  const { authorize, said, host } = setUpOperator("CONFIG_MAP");
  await authorize({ roleArn: NODE_ROLE, output: "json" });
  assert.doesNotMatch(
    said() + JSON.stringify(host.files.paths().map((path) => host.files.peek(path))),
    /admin-secret|k8s-aws-v1/,
  );
});
