import assert from "node:assert/strict";
import { test } from "node:test";
import { translateNodeConfig } from "../../../agent/commands/config/nodeconfig.ts";
import { configureCommand } from "../../../agent/commands/configure.ts";
import { parseConfig } from "../../../agent/config/load.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const FILE = "/etc/eks-satellite/config.yaml";
const NODE_CONFIG = "/root/nodeConfig.yaml";

const HEAD = "apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n";
const ROLES_ANYWHERE = `${HEAD}
  cluster:
    name: demo
    region: us-west-2
    apiServerEndpoint: https://ABC.gr7.us-west-2.eks.amazonaws.com
    certificateAuthority: Zm9v
    cidr: 10.100.0.0/16
  hybrid:
    enableCredentialsFile: true
    iamRolesAnywhere:
      nodeName: rack-7
      trustAnchorArn: arn:aws:rolesanywhere:us-west-2:111122223333:trust-anchor/2a4d7c1e-0b6f-4f7e-9d57-0c6f0f1f6a11
      profileArn: arn:aws:rolesanywhere:us-west-2:111122223333:profile/7b1e3c52-98a4-4be0-8a4d-5d0f7f3c2b90
      roleArn: arn:aws:iam::111122223333:role/hybrid
      certificatePath: /etc/pki/node.pem
  kubelet:
    config:
      maxPods: 60
      clusterDNS: [10.100.0.10]
      shutdownGracePeriod: 30s
      registerWithTaints: [{ key: example.com/gpu, value: "yes", effect: NoSchedule }]
    flags:
      - --node-labels=example.com/rack=r7,kubernetes.io/role=x
      - --v=4
      - --kubeconfig=/x
      - --fail-swap-on
  containerd:
    config: |
      version = 2
      [plugins."io.containerd.grpc.v1.cri".containerd]
      discard_unpacked_layers = false
    baseRuntimeSpec: { linux: {} }
  featureGates: { Foo: true }
  instance: { localStorage: { strategy: RAID0 } }
  kubeProxy: {}
`;
const SSM = `${HEAD}
  cluster: { name: demo, region: us-west-2 }
  hybrid: { ssm: { activationCode: TOP-SECRET-CODE, activationId: 0a1b2c3d-1111-2222-3333-444455556666 } }
`;

async function configure(text: string, more: object = {}, before?: string) {
  const host = new MemoryHost();
  host.files.put(NODE_CONFIG, text);
  if (before !== undefined) host.files.put(FILE, before);
  let said = "";
  const options = { config: FILE, fromNodeconfig: NODE_CONFIG, dryRun: false, output: "text" as const, ...more };
  await configureCommand(host, options, (line) => {
    said += line;
  });
  const written = host.files.peek(FILE)?.content ?? "";
  return { said, written, config: parseConfig(written, FILE, "gpu-1") };
}

test("cluster, Roles Anywhere, kubelet and containerd of a NodeConfig become the same of our configuration", async () => {
  const { config } = await configure(ROLES_ANYWHERE);
  assert.deepEqual(config.cluster, { name: "demo", region: "us-west-2" });
  assert.equal(config.node.name, "rack-7");
  assert.deepEqual(config.node.labels, { "example.com/rack": "r7" });
  assert.deepEqual(config.node.taints, [{ key: "example.com/gpu", value: "yes", effect: "NoSchedule" }]);
  const { certificate, privateKey, roleArn } = config.credentials.rolesAnywhere ?? {};
  assert.deepEqual(
    [certificate, privateKey, roleArn],
    ["/etc/pki/node.pem", "/etc/iam/pki/server.key", "arn:aws:iam::111122223333:role/hybrid"],
  );
  assert.equal(config.kubelet.maxPods, 60);
  assert.deepEqual(config.kubelet.config, { shutdownGracePeriod: "30s" });
  assert.deepEqual(config.kubelet.flags, { v: "4", "fail-swap-on": "true" });
  assert.deepEqual(config.containerd.config, {
    plugins: { "io.containerd.grpc.v1.cri": { containerd: { discard_unpacked_layers: false } } },
  });
});

test("what has no counterpart is listed, each with the reason, and nothing is dropped in silence", async () => {
  const { said } = await configure(ROLES_ANYWHERE);
  const left = [...said.matchAll(/^not carried over: (.*?): (\S.*)$/gm)].map(([, key]) => key);
  assert.deepEqual(left.toSorted(), [
    "spec.cluster.apiServerEndpoint",
    "spec.cluster.certificateAuthority",
    "spec.cluster.cidr",
    "spec.containerd.baseRuntimeSpec",
    "spec.containerd.config version",
    "spec.featureGates",
    "spec.hybrid.enableCredentialsFile",
    "spec.instance",
    "spec.kubeProxy",
    "spec.kubelet.config.clusterDNS",
    "spec.kubelet.flags",
    "spec.kubelet.flags",
  ]);
  assert.match(said, /flags: --kubeconfig: eks-satellite computes this itself/);
  assert.match(said, /flags: --node-labels kubernetes\.io\/role: kubelet may not give/);
  assert.match(said, /spec\.kubeProxy: eks-satellite has no such key/);
});

test("an SSM activation becomes the agent's profile; the code is not repeated, and the node's name is asked for", async () => {
  const { config, said, written } = await configure(SSM);
  assert.deepEqual(config.credentials.profile, { file: "/root/.aws/credentials", name: "default" });
  assert.match(said, /activationId: set node\.name to the managed instance's id, mi-…/);
  assert.doesNotMatch(said + written, /TOP-SECRET-CODE/);
});

test("other options come before what the NodeConfig says; what is the same is not changed again", async () => {
  const first = await configure(ROLES_ANYWHERE, { nodeName: "gpu-9" });
  assert.equal(first.config.node.name, "gpu-9");
  const again = await configure(ROLES_ANYWHERE, { nodeName: "gpu-9" }, first.written);
  assert.match(again.said, /^\/etc\/eks-satellite\/config\.yaml: nothing to change\nnot carried over: /);
  assert.equal(again.written, first.written);
});

test("flags are read in each of their forms", () => {
  const flags = (...words: string[]) =>
    translateNodeConfig(`${HEAD}  kubelet: { flags: ${JSON.stringify(words)} }`, "f").settings;
  assert.deepEqual(flags("--v=4"), [[["kubelet", "flags", "v"], "4"]]);
  assert.deepEqual(flags("--v 4"), [[["kubelet", "flags", "v"], "4"]]);
  assert.deepEqual(flags("--v", "4", "--fail-swap-on"), [
    [["kubelet", "flags", "v"], "4"],
    [["kubelet", "flags", "fail-swap-on"], "true"],
  ]);
  assert.deepEqual(flags("--max-pods=20 --node-ip=10.0.0.7"), [
    [["kubelet", "maxPods"], 20],
    [["node", "ip"], "10.0.0.7"],
  ]);
  assert.deepEqual(flags("--register-with-taints=a=b:NoSchedule,c:NoExecute"), [
    [
      ["node", "taints"],
      [
        { key: "a", value: "b", effect: "NoSchedule" },
        { key: "c", value: "", effect: "NoExecute" },
      ],
    ],
  ]);
});

test("another file, and containerd's configuration that is not TOML, are refused by name", async () => {
  assert.throws(() => translateNodeConfig("kind: Pod\napiVersion: v1\n", "pod.yaml"), {
    code: "nodeconfig-invalid",
    message: /^pod\.yaml is no NodeConfig of nodeadm: its kind is Pod$/,
  });
  assert.throws(() => translateNodeConfig(`${HEAD}  containerd: { config: "= 1" }`, "f.yaml"), {
    code: "nodeconfig-invalid",
    message: /^f\.yaml: spec\.containerd\.config is not TOML: /,
  });
  assert.throws(() => translateNodeConfig("a: [", "f.yaml"), { code: "config-syntax" });
});
