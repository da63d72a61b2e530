// What an administrator's credentials lack: each refusal names the action, the resource and the caller.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ACCOUNT, ADMIN_ARN, CLUSTER_ARN, NODE_ROLE, setUpAdmin } from "../fakes/memory-admin.ts";
import { awsError, connectionRefused } from "../fakes/memory-aws.ts";

const USER = `arn:aws:iam::${ACCOUNT}:user/gpu-1`;

test("a missing AWS permission is named with its action, its ARN and the caller", async () => {
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
    const { authorize, adminAws } = setUpAdmin("API");
    adminAws.denied.add(action);
    await assert.rejects(authorize(options), {
      code: "aws-forbidden",
      message: `${action} on ${resource} was denied`,
      hint: `Allow ${action} on ${resource} to ${ADMIN_ARN}.`,
    });
  }
  const { authorize, revoke, adminAws } = setUpAdmin("API");
  await authorize({ roleArn: NODE_ROLE });
  adminAws.denied.add("eks:DeleteAccessEntry");
  await assert.rejects(revoke({ roleArn: NODE_ROLE }), {
    code: "aws-forbidden",
    message: `eks:DeleteAccessEntry on ${entryArn} was denied`,
  });
  await authorize(create);
  for (const [action, change] of [
    ["iam:UpdateAssumeRolePolicy", { nodeName: ["gpu-1", "gpu-2"], createRole: "eks-satellite-gpu-1" }],
    ["iam:GetRolePolicy", {}],
  ] as const) {
    adminAws.denied.add(action);
    await assert.rejects(authorize({ ...create, ...change }), { message: `${action} on ${newRole} was denied` });
    adminAws.denied.delete(action);
  }
});

test("a denied DescribeCluster, a missing cluster, missing keys and an unreachable AWS give different errors", async () => {
  const denied = setUpAdmin();
  denied.aws.fail(awsError("AccessDeniedException", 403), "describeCluster");
  await assert.rejects(denied.authorize({ roleArn: NODE_ROLE }), {
    code: "aws-forbidden",
    message: `eks:DescribeCluster on ${CLUSTER_ARN} was denied`,
    hint: `Allow eks:DescribeCluster on ${CLUSTER_ARN} to ${ADMIN_ARN}.`,
  });
  const absent = setUpAdmin();
  absent.aws.fail(awsError("ResourceNotFoundException", 404), "describeCluster");
  await assert.rejects(absent.authorize({ roleArn: NODE_ROLE }), {
    code: "cluster-not-found",
    message: /demo in us-west-2/,
  });
  const keyless = setUpAdmin();
  keyless.adminAws.denied.add("keys");
  await assert.rejects(keyless.authorize({ roleArn: NODE_ROLE }), {
    code: "credentials-missing",
    hint: /aws sso login/,
  });
  const away = setUpAdmin();
  away.aws.fail(connectionRefused());
  await assert.rejects(away.authorize({ roleArn: NODE_ROLE }), { code: "aws-unreachable" });
});

test("what the caller may not read, and authorize does not need, is a warning", async () => {
  const { authorize, adminAws, awsAuth, said } = setUpAdmin();
  adminAws.denied.add("iam:GetRole");
  awsAuth.isKnown = false;
  assert.equal(await authorize({ roleArn: NODE_ROLE }), 0);
  assert.match(said(), /! whether role \S+ exists, and with which path, is unknown: iam:GetRole on it is denied to /);
  assert.match(
    said(),
    /! what aws-auth grants the role, over which the entry takes precedence, is unknown: cluster demo does not know /,
  );
  const other = setUpAdmin();
  other.adminAws.denied.add("eks:DescribeAccessEntry");
  assert.equal(await other.authorize({ roleArn: NODE_ROLE, method: "aws-auth" }), 0);
  assert.match(
    other.said(),
    /! whether \S+ has an access entry, which would take precedence over aws-auth, is unknown/,
  );
  await assert.rejects(
    other.revoke({ roleArn: NODE_ROLE }),
    { code: "aws-forbidden" },
    "but not to know whether access is left",
  );
});

test("a missing permission in Kubernetes is named with its verb, the ConfigMap and the caller", async () => {
  for (const verb of ["get", "patch", "create"]) {
    const { authorize, awsAuth } = setUpAdmin("CONFIG_MAP");
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
  const { authorize, awsAuth, host } = setUpAdmin("CONFIG_MAP");
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
