import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { type ConfigRequest, renderBootConfig } from "../../../agent/admin/user-data/boot-config.ts";
import { parseSetting } from "../../../agent/admin/user-data/settings.ts";

const ROLE = "arn:aws:iam::111122223333:role/eks-satellite-gpu-1";
const render = (change: Partial<ConfigRequest>, ...settings: readonly string[]) =>
  renderBootConfig({
    ...{ cluster: "demo", region: "us-west-2", source: "file", ...change },
    settings: settings.map(parseSetting),
  });

test("it holds what the options say, and no defaults", () => {
  const { text, config } = render({ nodeName: "gpu-1", roleArn: ROLE }, "gpu.taint=true");
  assert.deepEqual(parse(text), {
    cluster: { name: "demo", region: "us-west-2" },
    node: { name: "gpu-1" },
    credentials: { keysFile: "/etc/eks-satellite/credentials", assumeRole: { arn: ROLE } },
    gpu: { taint: true },
  });
  assert.equal(config.kubelet.maxPods, 110, "the defaults are the program's own");
});

test("without a name the machine's host name is the Node's", () => {
  assert.equal(parse(render({}).text).node, undefined);
});

test("SSM's agent keeps a profile, and a certificate's role is that of its session", () => {
  assert.deepEqual(parse(render({ source: "ssm" }).text).credentials, { profile: { file: "/root/.aws/credentials" } });
  const paths = ["certificate=/etc/pki/node.crt", "privateKey=/etc/pki/node.key"];
  const arn = "arn:aws:rolesanywhere:us-west-2:111122223333";
  const arns = [`trustAnchorArn=${arn}:trust-anchor/a`, `profileArn=${arn}:profile/b`];
  const settings = [...paths, ...arns].map((setting) => `credentials.rolesAnywhere.${setting}`);
  const { config } = render({ source: "configured", roleArn: ROLE }, ...settings);
  assert.equal(config.credentials.rolesAnywhere?.roleArn, ROLE);
  assert.equal(config.credentials.assumeRole, undefined);
});

for (const [what, change, settings, code, message] of [
  ["a cluster that none can be", { cluster: "-" }, [], "config-invalid", /--cluster "-": must be an EKS cluster name/],
  ["a role that is none", { roleArn: "nope" }, [], "config-invalid", /--role-arn "nope": must be the ARN of a role/],
  ["a name that no Node has", { nodeName: "GPU_1" }, [], "config-invalid", /--node-name "GPU_1": must be lower-case/],
  ["a value out of range", {}, ["kubelet.maxPods=0"], "config-invalid", /--set kubelet\.maxPods 0: /],
  ["a value of another type", {}, ["gpu.taint=maybe"], "config-invalid", /--set gpu\.taint "maybe": /],
  [
    "a name that is there twice",
    { nodeName: "a" },
    ["node.name=b"],
    "options-invalid",
    /--node-name and --set node\.name/,
  ],
  ["two sources", {}, ["credentials.process=[/bin/keys]"], "config-invalid", /exactly one source/],
  ["a fargate node without its interface", { identity: "fargate" as const }, [], "config-invalid", /node\.eni/],
] as const) {
  test(`${what} is refused before a machine exists, by the option's name`, () => {
    assert.throws(() => render(change, ...settings), { code, message });
  });
}
