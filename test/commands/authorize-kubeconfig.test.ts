// `authorize` and `revoke` by a kubeconfig of the user: aws-auth is read and changed with its credentials, not with AWS's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { loadAdmin } from "../../agent/commands/admin-clients.ts";
import { NODE_ROLE, setUpAdmin } from "../fakes/memory-admin.ts";
import { connectionRefused } from "../fakes/memory-aws.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

test("aws-auth is changed at the kubeconfig's API server, and that it is another address is said before", async () => {
  const { authorize, revoke, awsAuth, known, said } = setUpAdmin("CONFIG_MAP");
  known.kubeconfig = { file: "admin.conf" };
  assert.equal(await authorize({ roleArn: NODE_ROLE }), 0);
  assert.equal(new URL(awsAuth.writes[0]?.url ?? "").host, "127.0.0.1:6443");
  assert.match(
    said(),
    /! aws-auth is read and changed at https:\/\/127\.0\.0\.1:6443, as admin\.conf says; the endpoint of demo is https/,
  );
  assert.ok(said().indexOf("! aws-auth is read") < said().indexOf("✓ "), said());
  const arns = () => (parse(awsAuth.data?.mapRoles ?? "") as { rolearn: string }[]).map(({ rolearn }) => rolearn);
  assert.ok(arns().includes(NODE_ROLE));
  assert.equal(await revoke({ roleArn: NODE_ROLE }), 0);
  assert.ok(!arns().includes(NODE_ROLE));
});

test("with AWS's keys there is nothing to say of the address", async () => {
  const { authorize, said } = setUpAdmin("CONFIG_MAP");
  await authorize({ roleArn: NODE_ROLE });
  assert.doesNotMatch(said(), /is read and changed at/);
});

test("refusals name the kubeconfig and its context, with the codes of the same table", async () => {
  const { authorize, awsAuth, host, known } = setUpAdmin("CONFIG_MAP");
  known.kubeconfig = { file: "admin.conf", context: "prod" };
  awsAuth.denied.add("patch");
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), {
    code: "api-forbidden",
    message: /^patch of configmap aws-auth .* was denied to the user of kubeconfig admin\.conf, context prod: /,
  });
  awsAuth.isKnown = false;
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), { code: "api-unauthorized", hint: /--kubeconfig/ });
  host.onFetch = () => {
    throw connectionRefused();
  };
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), {
    code: "api-unreachable",
    message: "the API server https://127.0.0.1:6443 does not answer",
  });
  host.onFetch = () => {
    throw Object.assign(new Error("aws sso login"), { name: "KubeconfigError" });
  };
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), {
    code: "kubeconfig-unusable",
    hint: /kubectl get configmap/,
  });
  known.kubeconfig = { file: "broken" };
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), {
    code: "kubeconfig-unusable",
    message: /kubeconfig broken/,
  });
});

test("a rule of the cluster's admission is not a missing right", async () => {
  const { authorize, host, awsAuth } = setUpAdmin("CONFIG_MAP");
  const message = 'admission webhook "gitops.example.com" denied the request: use the repository';
  host.onFetch = (request) =>
    request.method === "PATCH" ? { status: 403, body: JSON.stringify({ message }) } : awsAuth.answer(request);
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), {
    code: "api-denied",
    message: /use the repository$/,
    hint: /GitOps/,
  });
});

test("a context needs a kubeconfig", async () => {
  await assert.rejects(loadAdmin(new MemoryHost(), { region: "us-west-2", context: "prod" }), {
    code: "options-invalid",
    hint: /--kubeconfig/,
  });
});
