// gateway check and list: each piece that is undone by hand is named, with the command that mends it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupRule } from "../../../agent/host/gateway-aws/types.ts";
import { setUpGateway } from "../../fakes/gateway-admin.ts";
import { CLUSTER_GROUP, MAIN_TABLE, PRIVATE_TABLE } from "../../fakes/memory-gateway-vpc.ts";
import { apiError } from "../../fakes/memory-kubernetes.ts";

type Admin = ReturnType<typeof setUpGateway>;
const ROLE = "eks-satellite-demo-gateway-1-us-west-2";
const KEY = `${"A".repeat(42)}E=`;
const GATEWAY = (changes: object = {}) =>
  JSON.stringify({
    publicKey: KEY,
    endpoint: "198.51.100.5:51820",
    address: "10.0.1.5",
    since: "2026-01-01T00:00:00Z",
    peers: { "gpu-1": KEY },
    ...changes,
  });

/** A gateway that runs, and a node that uses it. */
async function setUpWhole(): Promise<Admin> {
  const admin = setUpGateway();
  await admin.create();
  const { kubernetes } = admin;
  kubernetes.edit("eks-satellite-gateways", { "gateway-1": GATEWAY() });
  kubernetes.edit("eks-satellite-network", { "gpu-1": '{"address":"10.250.0.2","pods":[]}' });
  kubernetes.nodes.set("gpu-1", { annotations: { "eks-satellite.io/wireguard-public-key": KEY }, addresses: [] });
  kubernetes.health.set("gpu-1", "ok");
  admin.forget();
  return admin;
}

async function findingsOf(admin: Admin, nodeName?: string) {
  admin.forget();
  const code = await admin.check({ output: "json", ...(nodeName === undefined ? {} : { nodeName }) });
  const { ok, findings } = JSON.parse(admin.said());
  assert.equal(code, ok ? 0 : 1);
  return findings as { code: string; message: string; command: string }[];
}

/** Rules that stay. */
function keepRules({ gatewayAws }: Admin, stays: (rule: GroupRule) => boolean): void {
  gatewayAws.rules = gatewayAws.rules.filter(stays);
}

/** What is undone by hand → the codes that name it. */
const UNDONE: readonly (readonly [string, (admin: Admin) => void, readonly string[], RegExp])[] = [
  [
    "a route of the main table",
    ({ gatewayAws }) => void gatewayAws.deleteRoute(MAIN_TABLE, "10.250.0.0/20"),
    ["vpc-route-missing"],
    /create-route .*rtb-main/,
  ],
  [
    "a route leads elsewhere",
    ({ gatewayAws }) => void gatewayAws.replaceRoute(PRIVATE_TABLE, "10.250.16.0/20", "tgw-1"),
    ["route-elsewhere"],
    /replace-route/,
  ],
  [
    "a route leads to what is gone",
    ({ gatewayAws }) => void gatewayAws.replaceRoute(PRIVATE_TABLE, "10.250.16.0/20", "eni-gone"),
    ["route-blackhole"],
    /replace-route/,
  ],
  [
    "the source/dest check",
    ({ gatewayAws }) => void gatewayAws.setSourceDestCheck(gatewayAws.interfaces[0]?.id ?? "", true),
    ["source-dest-check-on"],
    /--no-source-dest-check/,
  ],
  ["the Elastic IP", ({ gatewayAws }) => void gatewayAws.addresses.splice(0), ["address-missing"], /gateway create/],
  [
    "WireGuard's port",
    (admin) => keepRules(admin, ({ fromPort }) => fromPort !== 51820),
    ["security-group-closed"],
    /gateway create/,
  ],
  [
    "the cluster's group",
    (admin) => keepRules(admin, ({ groupId, direction }) => groupId !== CLUSTER_GROUP || direction === "out"),
    Array(7).fill("cluster-security-group-closed"),
    /gateway create/,
  ],
  [
    "kubelet's port out of the cluster's group",
    (admin) => keepRules(admin, ({ groupId, direction }) => groupId !== CLUSTER_GROUP || direction === "in"),
    ["cluster-security-group-closed"],
    /authorize-security-group-egress.*FromPort=10250/,
  ],
  [
    "the instance stops",
    ({ gatewayAws }) => {
      for (const each of gatewayAws.instances) each.state = "stopped";
    },
    ["instance-stopped"],
    /start-instances/,
  ],
  [
    "the instance is terminated",
    ({ gatewayAws }) => void gatewayAws.terminateInstance(gatewayAws.instances[0]?.id ?? ""),
    ["instance-missing"],
    /gateway create/,
  ],
  [
    "the remote network",
    ({ aws }) => {
      aws.cluster = { ...aws.cluster, remoteNetworks: { nodes: [], pods: ["10.250.16.0/20"] } };
    },
    ["remote-network-missing"],
    /gateway create/,
  ],
  ["the access entry", ({ adminAws }) => void adminAws.entries.clear(), ["access-entry-missing"], /gateway create/],
  [
    "the role's policy",
    ({ adminAws }) => void adminAws.roles.get(ROLE)?.policies.clear(),
    ["role-policy-differs"],
    /gateway create/,
  ],
  [
    "the instance profile",
    ({ gatewayAws }) => void gatewayAws.profiles.splice(0),
    ["instance-profile-missing"],
    /gateway create/,
  ],
  [
    "a role in the cluster",
    ({ kubernetes }) => void kubernetes.rbac.delete("clusterroles//eks-satellite-gateway"),
    ["rbac-missing"],
    /gateway create/,
  ],
  [
    "the gateway's own entry",
    ({ kubernetes }) => void kubernetes.maps.set("kube-system/eks-satellite-gateways", { version: 9, data: {} }),
    ["gateway-silent"],
    /get-console-output/,
  ],
  [
    "another address in its entry",
    ({ kubernetes }) =>
      kubernetes.edit("eks-satellite-gateways", { "gateway-1": GATEWAY({ endpoint: "203.0.113.1:51820" }) }),
    ["endpoint-differs"],
    /terminate-instances/,
  ],
  [
    "garbage in the ConfigMap",
    ({ kubernetes }) => kubernetes.edit("eks-satellite-network", { "gpu-2": "garbage" }),
    ["tunnel-entry-invalid"],
    /authorize --tunnel/,
  ],
];

test("a whole gateway has no finding, in words and as JSON", async () => {
  const admin = await setUpWhole();
  assert.equal(await admin.check({ nodeName: "gpu-1" }), 0, admin.said());
  assert.match(admin.said(), /^✓ gateway gateway-1 of demo has everything/m);
  assert.match(admin.said(), /^✓ the control plane reaches kubelet of gpu-1/m);
  assert.deepEqual(await findingsOf(admin), []);
});

for (const [what, undo, codes, command] of UNDONE)
  test(`${what}, undone by hand, is ${codes[0]}`, async () => {
    const admin = await setUpWhole();
    undo(admin);
    const findings = await findingsOf(admin);
    assert.deepEqual(
      findings.map(({ code }) => code),
      codes,
    );
    for (const finding of findings) assert.match(finding.command, command);
    admin.forget();
    assert.equal(await admin.check(), 1);
    assert.match(admin.said(), new RegExp(`^✗ ${codes[0]}  .*\n    → `, "m"));
  });

test("what create mends is mended by create", async () => {
  for (const [what, undo] of UNDONE.filter(([, , , { source }]) => source === "gateway create")) {
    const admin = await setUpWhole();
    undo(admin);
    assert.ok((await findingsOf(admin)).length > 0, what);
    await admin.create();
    assert.deepEqual(await findingsOf(admin), [], what);
  }
});

test("without any gateway there is one finding", async () => {
  const admin = setUpGateway();
  assert.deepEqual(
    (await findingsOf(admin)).map(({ code }) => code),
    ["gateway-missing"],
  );
});

test("a node: no entry, no key, a key that the gateway does not accept, a kubelet that is not reached", async () => {
  const codes = async (admin: Admin) => (await findingsOf(admin, "gpu-1")).map(({ code }) => code);
  const noEntry = await setUpWhole();
  delete noEntry.kubernetes.data("eks-satellite-network")?.["gpu-1"];
  assert.deepEqual(await codes(noEntry), ["entry-missing"]);
  const noKey = await setUpWhole();
  noKey.kubernetes.nodes.set("gpu-1", { annotations: {}, addresses: [] });
  assert.deepEqual(await codes(noKey), ["key-missing"]);
  const unknown = await setUpWhole();
  unknown.kubernetes.edit("eks-satellite-gateways", { "gateway-1": GATEWAY({ peers: {} }) });
  unknown.kubernetes.health.set("gpu-1", apiError(503, "dial tcp 10.250.0.2:10250: i/o timeout"));
  assert.deepEqual(await codes(unknown), ["key-unknown", "kubelet-unreachable"]);
  assert.match(unknown.said(), /dial tcp 10\.250\.0\.2:10250: i\/o timeout/);
  const outside = await setUpWhole();
  outside.kubernetes.edit("eks-satellite-network", { "gpu-1": '{"address":"10.0.0.9","pods":[]}' });
  assert.deepEqual(await codes(outside), ["entry-outside"]);
  assert.match(outside.said(), /revoke --cluster demo --region us-west-2 --node-name gpu-1 --tunnel, then /);
  await assert.rejects((await setUpWhole()).check({ nodeName: "gpu-9" }), { code: "node-not-found" });
});

test("a denied proof is an error that names the right, not a finding", async () => {
  const admin = await setUpWhole();
  admin.kubernetes.health.set("gpu-1", apiError(403, 'nodes "gpu-1" is forbidden: cannot get resource "nodes/proxy"'));
  await assert.rejects(admin.check({ nodeName: "gpu-1" }), { code: "api-forbidden", message: /nodes\/proxy/ });
});

test("list shows the gateways of the cluster", async () => {
  const admin = await setUpWhole();
  await admin.list();
  assert.match(
    admin.said(),
    /^GATEWAY +INSTANCE +STATE +TYPE +PUBLIC +VPC +ROUTES +NODES +PODS\ngateway-1 +i-\d+ +running +t4g.small +198\.51\.100\.5 +10\.0\.1\.5 +4 +10\.250\.0\.0\/20 +10\.250\.16\.0\/20\n$/,
  );
  const none = setUpGateway();
  await none.list();
  assert.equal(none.said(), "cluster demo has no gateway\n");
});
