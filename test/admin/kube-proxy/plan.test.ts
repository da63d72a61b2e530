// authorize --kube-proxy as an administrator uses it, against a cluster in memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ACCOUNT, NODE_ROLE, setUpAdmin } from "../../fakes/memory-admin.ts";
import { apiError } from "../../fakes/memory-kubernetes.ts";
import { FARGATE_NAME } from "../../fakes/samples.ts";
import { eksKubeProxy } from "./samples.ts";

const COPY = "eks-satellite-kube-proxy";
const NEWER = "602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/kube-proxy:v1.34.2-minimal-eksbuild.1";

function setUp() {
  const admin = setUpAdmin();
  admin.kubernetes.daemonSets.set("kube-proxy", eksKubeProxy());
  return { ...admin, copy: () => admin.kubernetes.daemonSets.get(COPY) };
}

test("alone it copies the DaemonSet and nothing else, shows the diff, and a second run has nothing to do", async () => {
  const { authorize, copy, said, forget, adminAws } = setUp();
  assert.equal(await authorize({ identity: "fargate", kubeProxy: true }), 0);
  assert.match(said(), /^\+ {4}"name": "eks-satellite-kube-proxy",$/m);
  assert.match(said(), /✓ create daemonset eks-satellite-kube-proxy in kube-system/);
  assert.match(said(), /kubectl label node NAME eks-satellite\.io\/identity=fargate/);
  assert.ok(copy() !== undefined);
  assert.deepEqual(adminAws.entries.size, 0);
  forget();
  assert.equal(await authorize({ identity: "fargate", kubeProxy: true }), 0);
  assert.match(said(), /nothing to do: the copy of kube-proxy in demo is that of EKS's DaemonSet/);
});

test("a copy that lags is shown by the image alone, and replaced", async () => {
  const { authorize, copy, said, forget, kubernetes } = setUp();
  await authorize({ identity: "fargate", kubeProxy: true });
  Object.assign(copy() ?? {}, { metadata: { ...(copy() as { metadata: object }).metadata, resourceVersion: "77" } });
  kubernetes.daemonSets.set("kube-proxy", eksKubeProxy(NEWER));
  forget();
  assert.equal(await authorize({ identity: "fargate", kubeProxy: true, dryRun: true }), 0);
  const changed = said()
    .split("\n")
    .filter((line) => /^[-+] /.test(line));
  assert.deepEqual(
    changed.map((line) => /v1\.34\.\d/.exec(line)?.[0]),
    ["v1.34.0", "v1.34.2"],
  );
  await authorize({ identity: "fargate", kubeProxy: true });
  const { metadata, spec } = copy() as ReturnType<typeof eksKubeProxy>;
  assert.equal(spec.template.spec.containers[0]?.image, NEWER);
  assert.equal(metadata.resourceVersion, "77", "another client's change in between is a conflict");
});

test("with a user it comes after the user's own change", async () => {
  const { authorize, copy, said } = setUp();
  const userArn = `arn:aws:iam::${ACCOUNT}:user/gpu-1`;
  await authorize({ identity: "fargate", kubeProxy: true, userArn, nodeName: [FARGATE_NAME] });
  assert.ok(copy() !== undefined);
  assert.match(said(), /aws-auth[\s\S]*eks-satellite-kube-proxy/);
});

test("nodes of identity hybrid need none", async () => {
  const { authorize } = setUp();
  await assert.rejects(authorize({ kubeProxy: true, roleArn: NODE_ROLE }), {
    code: "options-invalid",
    hint: /EKS's own kube-proxy runs/,
  });
});

test("a cluster without a kube-proxy has nothing to copy", async () => {
  const { authorize, kubernetes } = setUp();
  kubernetes.daemonSets.clear();
  await assert.rejects(authorize({ identity: "fargate", kubeProxy: true }), {
    code: "kube-proxy-missing",
    hint: /create-addon .* kube-proxy/,
  });
});

test("what is no DaemonSet is refused, and a refused read names it", async () => {
  const { authorize, kubernetes } = setUp();
  kubernetes.daemonSets.set("kube-proxy", { metadata: {}, spec: { template: { spec: { containers: [] } } } });
  await assert.rejects(authorize({ identity: "fargate", kubeProxy: true }), { code: "kube-proxy-foreign" });
  kubernetes.readDaemonSet = async () => {
    throw apiError(403, "daemonsets is forbidden");
  };
  await assert.rejects(authorize({ identity: "fargate", kubeProxy: true }), {
    code: "api-forbidden",
    message: /get of daemonset kube-proxy in namespace kube-system was denied/,
  });
});
