// authorize and revoke as an administrator uses them, against an account and a cluster in memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { ACCOUNT, ADMIN_ENTRY, NODE_ROLE, setUpAdmin } from "../fakes/memory-admin.ts";

const USER = `arn:aws:iam::${ACCOUNT}:user/gpu-1`;
const BACKUP = "./aws-auth-demo-20260102T030405.000Z.yaml";

test("where access entries are allowed a role gets one, and a second run has nothing to do", async () => {
  for (const mode of ["API", "API_AND_CONFIG_MAP"]) {
    const { authorize, adminAws, awsAuth, said, forget } = setUpAdmin(mode);
    assert.equal(await authorize({ roleArn: NODE_ROLE, nodeName: ["gpu-1"] }), 0);
    assert.equal(adminAws.entries.get(NODE_ROLE)?.type, "HYBRID_LINUX");
    assert.match(said(), new RegExp(`^cluster demo in us-west-2, authentication mode ${mode}, as arn:aws:sts`));
    assert.match(said(), /^\+ {2}"type": "HYBRID_LINUX",$/m);
    assert.match(
      said(),
      /On the machine: sudo eks-satellite configure --cluster demo --region us-west-2 --role-arn \S+\/nodes --node-name gpu-1\n$/,
    );
    forget();
    assert.equal(await authorize({ roleArn: NODE_ROLE }), 0);
    assert.match(said(), /^nothing to do: .*nodes may be a node of demo already\n$/m);
    assert.deepEqual(adminAws.calls.filter((call) => call === "eks:CreateAccessEntry").length, 1);
    assert.deepEqual(awsAuth.writes, []);
  }
});

test("a cluster that knows only aws-auth gets the role there; the old text is saved first, readable by its owner only", async () => {
  const { authorize, awsAuth, host, roles, said, forget, adminAws } = setUpAdmin("CONFIG_MAP");
  assert.equal(await authorize({ roleArn: NODE_ROLE }), 0);
  assert.ok(awsAuth.data?.mapRoles?.startsWith(ADMIN_ENTRY));
  assert.deepEqual(roles()[1], {
    rolearn: NODE_ROLE,
    username: "system:node:{{SessionName}}",
    groups: ["system:bootstrappers", "system:nodes"],
  });
  const { content = "", mode } = host.files.peek(BACKUP) ?? {};
  const { kind, metadata, data } = parse(content);
  assert.deepEqual(
    [kind, metadata, data, mode],
    ["ConfigMap", { name: "aws-auth", namespace: "kube-system" }, { mapRoles: ADMIN_ENTRY }, 0o600],
  );
  assert.ok(said().includes(`kubectl replace --filename ${BACKUP} restores it`));
  assert.deepEqual(adminAws.calls, ["iam:GetRole"], "EKS is not asked for entries that it cannot have");
  assert.equal(JSON.parse(awsAuth.writes[0]?.body ?? "").metadata.resourceVersion, "1");
  forget();
  assert.equal(await authorize({ roleArn: NODE_ROLE }), 0);
  assert.match(said(), /^nothing to do/m);
  assert.equal(awsAuth.writes.length, 1);
});

test("a missing aws-auth is created, with nothing but the entry", async () => {
  const { authorize, awsAuth, host } = setUpAdmin("CONFIG_MAP");
  awsAuth.data = undefined;
  await authorize({ roleArn: NODE_ROLE });
  assert.deepEqual(Object.keys(awsAuth.data ?? {}), ["mapRoles"]);
  assert.deepEqual(host.files.changes, []);
});

test("a user is one node, through aws-auth, also where entries are enabled", async () => {
  const { authorize, awsAuth, adminAws } = setUpAdmin();
  assert.equal(await authorize({ userArn: USER, nodeName: ["gpu-1"] }), 0);
  assert.deepEqual(parse(awsAuth.data?.mapUsers ?? ""), [
    { userarn: USER, username: "system:node:gpu-1", groups: ["system:bootstrappers", "system:nodes"] },
  ]);
  assert.deepEqual(adminAws.calls, []);
});

test("revoke removes what authorize created, and nothing else", async () => {
  for (const mode of ["API", "API_AND_CONFIG_MAP", "CONFIG_MAP"]) {
    const { authorize, revoke, adminAws, awsAuth, said, forget } = setUpAdmin(mode);
    adminAws.addEntry(`${NODE_ROLE}2`, "HYBRID_LINUX");
    await authorize({ roleArn: NODE_ROLE });
    assert.equal(await revoke({ roleArn: NODE_ROLE }), 0);
    assert.deepEqual([[...adminAws.entries.keys()], awsAuth.data?.mapRoles], [[`${NODE_ROLE}2`], ADMIN_ENTRY]);
    forget();
    assert.equal(await revoke({ roleArn: NODE_ROLE }), 0);
    assert.match(said(), /nothing to do: nothing lets .*nodes be a node of demo/);
  }
});

test("revoke removes a role from both places that let it in, also when IAM has no such role any more", async () => {
  const { authorize, revoke, adminAws, awsAuth } = setUpAdmin();
  await authorize({ roleArn: NODE_ROLE, method: "aws-auth" });
  adminAws.addEntry(NODE_ROLE, "HYBRID_LINUX");
  adminAws.roles.clear();
  assert.equal(await revoke({ roleArn: NODE_ROLE }), 0);
  assert.deepEqual([adminAws.entries.size, awsAuth.data?.mapRoles], [0, ADMIN_ENTRY]);
});

test("revoke finds the entry of a role whose path IAM does not return", async () => {
  for (const state of ["gone", "denied"]) {
    const { revoke, adminAws, said } = setUpAdmin("API");
    adminAws.addEntry(NODE_ROLE.replace("role/", "role/team/"), "HYBRID_LINUX");
    adminAws.addEntry(NODE_ROLE.replace("role/", "role/team/other-"), "HYBRID_LINUX");
    if (state === "gone") adminAws.roles.clear();
    else adminAws.denied.add("iam:GetRole");
    assert.equal(await revoke({ roleArn: NODE_ROLE }), 0, said());
    assert.deepEqual([...adminAws.entries.keys()], [NODE_ROLE.replace("role/", "role/team/other-")]);
    adminAws.denied.add("eks:ListAccessEntries");
    await revoke({ roleArn: NODE_ROLE });
    assert.match(said(), /! an access entry of nodes with another path would not be seen: eks:ListAccessEntries on /);
  }
});

test("revoke of a user removes the entry of that node only", async () => {
  const { authorize, revoke, awsAuth } = setUpAdmin();
  await authorize({ userArn: USER, nodeName: ["gpu-1"] });
  await assert.rejects(revoke({ userArn: USER, nodeName: "gpu-2" }), { code: "mapping-differs" });
  await assert.rejects(revoke({ userArn: USER }), { code: "options-invalid", hint: /--node-name/ });
  assert.equal(await revoke({ userArn: USER, nodeName: "gpu-1" }), 0);
  assert.equal(awsAuth.data?.mapUsers, "[]\n");
});

test("it asks; without a yes, without a terminal, in a dry run and with JSON output nothing is changed", async () => {
  const { authorize, answers, context, awsAuth, adminAws, host, said, forget } = setUpAdmin("CONFIG_MAP");
  const options = { roleArn: NODE_ROLE, yes: false };
  answers.push(false);
  assert.equal(await authorize(options), 2);
  assert.equal(await authorize({ ...options, dryRun: true }), 0);
  assert.match(said(), /^\+- rolearn: arn:aws:iam::111122223333:role\/nodes$/m);
  context.confirm = undefined;
  forget();
  assert.equal(await authorize(options), 2);
  assert.match(said(), /there is no terminal to ask for confirmation. --yes makes the changes\n$/);
  forget();
  assert.equal(await authorize({ ...options, output: "json" }), 2);
  assert.deepEqual(
    [JSON.parse(said()).applied, awsAuth.writes, host.files.changes, adminAws.entries.size],
    [false, [], [], 0],
  );
  context.confirm = async () => true;
  assert.equal(await authorize(options), 0);
  assert.equal(awsAuth.writes.length, 1);
});

test("the JSON output is one document: the principal, the changes, and whether they were applied", async () => {
  const { authorize, said } = setUpAdmin("CONFIG_MAP");
  assert.equal(await authorize({ roleArn: NODE_ROLE, output: "json" }), 0);
  const { cluster, authenticationMode, principalArn, changes, applied, messages } = JSON.parse(said());
  assert.deepEqual([cluster, authenticationMode, principalArn, applied], ["demo", "CONFIG_MAP", NODE_ROLE, true]);
  assert.deepEqual([changes.length, changes[0].target, changes[0].action], [1, "mapRoles in aws-auth", "update"]);
  assert.match(changes[0].diff, /^--- mapRoles in aws-auth\n/);
  assert.ok(messages[0].includes(BACKUP));
});

test("a role's path that the user omits is looked up: an access entry needs it, aws-auth must not have it", async () => {
  const withPath = NODE_ROLE.replace("role/", "role/team/");
  const entries = setUpAdmin("API");
  entries.adminAws.addRole("nodes", { path: "/team/" });
  await entries.authorize({ roleArn: NODE_ROLE });
  assert.deepEqual([...entries.adminAws.entries.keys()], [withPath]);
  const configMap = setUpAdmin("CONFIG_MAP");
  configMap.adminAws.addRole("nodes", { path: "/team/" });
  await configMap.authorize({ roleArn: withPath });
  assert.equal((configMap.roles()[1] as { rolearn: string }).rolearn, NODE_ROLE);
});

test("a role whose trust policy does not pin the session's name is authorized with a warning", async () => {
  const { authorize, adminAws, said } = setUpAdmin("API");
  adminAws.addRole("nodes");
  await authorize({ roleArn: NODE_ROLE });
  assert.match(said(), /^! every principal that may assume \S+ may be any node: pin sts:RoleSessionName/m);
});

test("a role whose trust policy pins other names is authorized with a warning, unless it has wildcards", async () => {
  const { authorize, adminAws, said, forget } = setUpAdmin("API");
  await authorize({ roleArn: NODE_ROLE, nodeName: ["gpu-2"] });
  assert.match(said(), /^! the trust policy of \S+ does not name gpu-2:/m);
  forget();
  await authorize({ roleArn: NODE_ROLE, nodeName: ["gpu-1"] });
  adminAws.addRole("nodes", { trustPolicy: '{"StringLike": {"sts:RoleSessionName": "gpu-*"}}' });
  await authorize({ roleArn: NODE_ROLE, nodeName: ["gpu-2"] });
  assert.doesNotMatch(said(), /^!/m);
});

test("a role that aws-auth already lets in needs no access entry, unless one is requested", async () => {
  const { authorize, adminAws, said } = setUpAdmin();
  await authorize({ roleArn: NODE_ROLE, method: "aws-auth" });
  await authorize({ roleArn: NODE_ROLE });
  assert.match(said(), /! aws-auth already lets \S+ in/);
  assert.equal(adminAws.entries.size, 0);
  await authorize({ roleArn: NODE_ROLE, method: "access-entry" });
  assert.equal(adminAws.entries.size, 1);
});
