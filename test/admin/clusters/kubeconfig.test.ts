// The result is read by Kubernetes' own client, as kubectl would.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KubeConfig } from "@kubernetes/client-node";
import { parse } from "yaml";
import { mergeKubeconfig } from "../../../agent/admin/clusters/kubeconfig.ts";

const ARN = "arn:aws:eks:us-west-2:111122223333:cluster/demo";
const ENTRY = {
  ...{ arn: ARN, cluster: "demo", region: "us-west-2", endpoint: "https://ABC.gr7.us-west-2.eks.amazonaws.com" },
  caData: Buffer.from("a certificate").toString("base64"),
};
const merge = (text: string | undefined, change: Partial<typeof ENTRY> & { alias?: string; profile?: string } = {}) =>
  mergeKubeconfig(text, "/home/joe/.kube/config", { ...ENTRY, ...change });

function read(text: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(text);
  return config;
}

test("a new file has one context, named as the AWS CLI names it, whose tokens eks-satellite makes", () => {
  const config = read(merge(undefined));
  assert.equal(config.getCurrentContext(), ARN);
  assert.equal(config.getCurrentCluster()?.server, ENTRY.endpoint);
  assert.equal(config.getCurrentCluster()?.caData, ENTRY.caData);
  const exec = config.getCurrentUser()?.exec;
  assert.equal(exec.command, "eks-satellite");
  assert.deepEqual(exec.args, ["token", "--cluster", "demo", "--region", "us-west-2"]);
  assert.equal(exec.interactiveMode, "Never", "client.authentication.k8s.io/v1 demands it");
});

const THEIRS = `# mine
apiVersion: v1
kind: Config
clusters:
- cluster: {server: https://other} # the other one
  name: other
contexts:
- context:
    cluster: other
    user: joe
    namespace: team
  name: other
current-context: other
users:
- name: joe
  user: {token: secret}
`;

test("what is in the file stays, comments too, and the new context is the current one", () => {
  const text = merge(THEIRS);
  assert.match(text, /^# mine\n/);
  assert.match(text, /# the other one/);
  const config = read(text);
  assert.deepEqual(
    config.getContexts().map(({ name }) => name),
    ["other", ARN],
  );
  assert.equal(config.getContextObject("other")?.namespace, "team");
  assert.equal(config.getUser("joe")?.token, "secret");
  assert.equal(config.getCurrentContext(), ARN);
});

test("a second time nothing changes, and a cluster that has moved is put in its own place", () => {
  const once = merge(THEIRS);
  assert.equal(merge(once), once);
  const moved = read(merge(once, { endpoint: "https://moved" }));
  assert.equal(moved.getCurrentCluster()?.server, "https://moved");
  assert.equal(moved.getClusters().length, 2);
});

test("an alias names the context, and a profile goes to the program", () => {
  const config = read(merge(undefined, { alias: "demo", profile: "work" }));
  assert.equal(config.getCurrentContext(), "demo");
  assert.deepEqual(config.getCurrentUser()?.exec.args.slice(-2), ["--profile", "work"]);
});

for (const [what, text] of [
  ["an empty file", ""],
  ["a file of blanks", "\n  \n"],
  [
    "lists that are null, as kubectl leaves them",
    "apiVersion: v1\nkind: Config\nclusters: null\ncontexts: []\nusers: null\n",
  ],
  ["JSON", '{"apiVersion": "v1", "kind": "Config", "clusters": []}'],
] as const) {
  test(`${what} is a kubeconfig afterwards`, () => {
    assert.equal(read(merge(text)).getCurrentCluster()?.server, ENTRY.endpoint);
    assert.equal(parse(merge(text)).kind, "Config");
  });
}

for (const [what, text] of [
  ["what is not YAML", "clusters: ["],
  ["a list", "- a\n"],
  ["two documents", "a: 1\n---\nb: 2\n"],
  ["clusters that are no list", "clusters: {a: 1}\n"],
] as const) {
  test(`${what} is refused, and the file is named`, () => {
    assert.throws(() => merge(text), {
      code: "kubeconfig-unusable",
      message: /\/home\/joe\/\.kube\/config cannot be changed/,
    });
  });
}
