// --create-role: the role of a node, created, kept and printed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ACCOUNT, CLUSTER_ARN, setUpAdmin } from "../fakes/memory-admin.ts";

const USER = `arn:aws:iam::${ACCOUNT}:user/gpu-machines`;
const CREATE = { createRole: true, trustedArn: USER, nodeName: ["gpu-1"] } as const;
const SHARED = { ...CREATE, createRole: "gpu-nodes" } as const;
const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/eks-satellite-gpu-1`;

const trustOf = (text: string | undefined) => JSON.parse(text ?? "{}").Statement?.[0];

test("one identity may assume the role under the node's name, and the role may describe the cluster and pull images", async () => {
  const { authorize, adminAws, said } = setUpAdmin("API");
  assert.equal(await authorize(CREATE), 0);
  const role = adminAws.roles.get("eks-satellite-gpu-1");
  assert.deepEqual(trustOf(role?.trustPolicy), {
    Effect: "Allow",
    Principal: { AWS: USER },
    Action: "sts:AssumeRole",
    Condition: { StringEquals: { "sts:RoleSessionName": "gpu-1" } },
  });
  const { Statement } = JSON.parse(role?.policies.get("eks-satellite-node") ?? "{}");
  assert.deepEqual(Statement[0], { Effect: "Allow", Action: "eks:DescribeCluster", Resource: CLUSTER_ARN });
  assert.deepEqual(
    [Statement[1].Action, Statement.length],
    [
      [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
      ],
      2,
    ],
  );
  assert.equal(role?.tags["eks-satellite:cluster"], CLUSTER_ARN);
  assert.equal(adminAws.entries.get(ROLE_ARN)?.type, "HYBRID_LINUX");
  for (const made of [
    "create trust policy of role",
    "create policy eks-satellite-node of role",
    "create access entry of",
  ])
    assert.ok(said().includes(`✓ ${made}`), made);
});

test("a second run has nothing to do, also when IAM stores the policies in another order", async () => {
  const { authorize, adminAws, said, forget } = setUpAdmin("API");
  await authorize(CREATE);
  const role = adminAws.roles.get("eks-satellite-gpu-1");
  const { Statement, Version } = JSON.parse(role?.policies.get("eks-satellite-node") ?? "{}");
  role?.policies.set("eks-satellite-node", JSON.stringify({ Statement: Statement.toReversed(), Version }));
  adminAws.calls.splice(0);
  forget();
  assert.equal(await authorize(CREATE), 0);
  assert.match(said(), /nothing to do/);
  assert.ok(
    adminAws.calls.every((call) => /Get|Describe/.test(call)),
    adminAws.calls.join(),
  );
});

test("another node of the same role is added to the names that may assume it", async () => {
  const { authorize, adminAws, said, forget } = setUpAdmin("API");
  await authorize(SHARED);
  forget();
  await authorize({ ...SHARED, nodeName: ["gpu-2"] });
  const { Condition } = trustOf(adminAws.roles.get("gpu-nodes")?.trustPolicy);
  assert.deepEqual(Condition.StringEquals["sts:RoleSessionName"], ["gpu-1", "gpu-2"]);
  assert.match(said(), /^\+ +"gpu-2"$/m);
});

test("a manual change to our role is shown and repaired; a foreign role is left alone", async () => {
  const { authorize, adminAws, said, forget } = setUpAdmin("API");
  await authorize(CREATE);
  const role = adminAws.roles.get("eks-satellite-gpu-1");
  role?.policies.set("eks-satellite-node", '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}');
  forget();
  assert.equal(await authorize({ ...CREATE, yes: false }), 2);
  assert.match(said(), /^- +"Action": "\*",$/m);
  assert.equal(await authorize(CREATE), 0);
  assert.doesNotMatch(role?.policies.get("eks-satellite-node") ?? "", /"Action":"\*"/);

  const trustPolicy = '{"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}}';
  for (const [tags, message] of [
    [{}, /was not made by eks-satellite/],
    [{ "eks-satellite:cluster": `${CLUSTER_ARN}2` }, /is for arn:aws:eks:.*demo2/],
  ] as const) {
    adminAws.addRole("gpu-nodes", { trustPolicy, tags });
    await assert.rejects(authorize(SHARED), { code: "role-not-ours", message });
    assert.equal(adminAws.roles.get("gpu-nodes")?.trustPolicy, trustPolicy);
  }
});

test("for a principal of another account a note says that it needs permission there too", async () => {
  const { authorize, said } = setUpAdmin("API");
  const trustedArn = "arn:aws:iam::444455556666:user/gpu-machines";
  assert.equal(await authorize({ ...CREATE, trustedArn }), 0);
  assert.ok(
    said().includes(
      `! ${trustedArn} is of another account: its own policy must allow sts:AssumeRole on ${ROLE_ARN} too`,
    ),
  );
});

test("the caller's own role is not made a node's role", async () => {
  const { authorize, adminAws } = setUpAdmin("API");
  await assert.rejects(authorize({ ...CREATE, createRole: "admin" }), { code: "own-access" });
  assert.ok(!adminAws.calls.includes("iam:CreateRole"));
});

test("EKS is retried while it does not know the new role yet", async () => {
  const { authorize, adminAws, host, said } = setUpAdmin("API");
  adminAws.unknownPrincipals = 3;
  const running = authorize(CREATE);
  await host.clock.advance(10_000);
  assert.equal(await running, 0);
  assert.match(said(), /EKS does not know the new role yet/);
  adminAws.unknownPrincipals = 100;
  const refused = assert.rejects(authorize({ ...SHARED }), {
    code: "aws-refused",
    message: /eks:CreateAccessEntry on /,
  });
  await host.clock.advance(60_000);
  await refused;
});

test("printing JSON or Terraform makes no call to AWS", async () => {
  const { authorize, aws, adminAws, said, forget } = setUpAdmin("API");
  adminAws.denied.add("keys");
  assert.equal(await authorize({ ...SHARED, print: "json" }), 0);
  const { role, policy, accessEntry } = JSON.parse(said());
  assert.deepEqual(
    [role.RoleName, policy.PolicyName, accessEntry.type],
    ["gpu-nodes", "eks-satellite-node", "HYBRID_LINUX"],
  );
  assert.equal(policy.PolicyDocument.Statement[0].Resource, CLUSTER_ARN);
  assert.equal(role.AssumeRolePolicyDocument.Statement[0].Condition.StringEquals["sts:RoleSessionName"], "gpu-1");
  forget();
  assert.equal(await authorize({ ...SHARED, print: "terraform" }), 0);
  const terraform = said();
  for (const kind of ["aws_iam_role", "aws_iam_role_policy", "aws_eks_access_entry"])
    assert.match(terraform, new RegExp(`^resource "${kind}" "node_gpu_nodes" \\{$`, "m"));
  const documents = [...terraform.matchAll(/jsonencode\((.*?)\)$/gms)].map(([, json = ""]) => JSON.parse(json));
  assert.deepEqual(documents, [role.AssumeRolePolicyDocument, policy.PolicyDocument]);
  assert.doesNotMatch(terraform, /[$%]\{/, "nothing that Terraform would fill in");
  assert.deepEqual([aws.calls, adminAws.calls], [[], []]);
});
