// authorize --tunnel and revoke: each node has an address of its own, also when several administrators are at work.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { openCluster } from "../../../agent/admin/cluster-access.ts";
import { planTunnel } from "../../../agent/commands/gateway/authorize-tunnel.ts";
import { networkSchema } from "../../../agent/config/network/schema.ts";
import { driven } from "../../fakes/driven.ts";
import { ACCOUNT, setUpAdmin } from "../../fakes/memory-admin.ts";
import { apiError } from "../../fakes/memory-kubernetes.ts";

const MAP = "eks-satellite-network";
const NETWORK = { nodes: "10.250.0.0/29", vpcCidrs: ["10.0.0.0/16"], serviceCidr: "10.100.0.0/16" };
const KEY = `${"A".repeat(42)}E=`;
const TUNNEL = { tunnel: true, nodeName: ["gpu-1"] };

function setUp() {
  const admin = setUpAdmin();
  admin.kubernetes.edit(MAP, { _network: JSON.stringify(NETWORK) });
  const addresses = () =>
    Object.fromEntries(
      Object.entries(admin.kubernetes.data(MAP) ?? {})
        .filter(([name]) => name !== "_network")
        .map(([name, text]) => [name, JSON.parse(text).address]),
    );
  const give = (node: string, address: string) =>
    admin.kubernetes.edit(MAP, { [node]: JSON.stringify({ address, pods: [] }) });
  return { ...admin, addresses, give };
}

test("the next free address is in the diff, and written; again there is nothing to do", async () => {
  const { authorize, addresses, said, forget } = setUp();
  assert.equal(await authorize({ ...TUNNEL, dryRun: true }), 0);
  assert.match(said(), /^\+gpu-1: .*"address":"10\.250\.0\.2"/m);
  assert.deepEqual(addresses(), {});
  assert.equal(await authorize(TUNNEL), 0);
  assert.deepEqual(addresses(), { "gpu-1": "10.250.0.2" });
  forget();
  await authorize(TUNNEL);
  assert.match(said(), /^nothing to do: gpu-1 has address 10\.250\.0\.2 in the tunnel already/m);
});

test("with a role it is one more change of the same diff", async () => {
  const { authorize, addresses, adminAws } = setUp();
  const trustedArn = `arn:aws:iam::${ACCOUNT}:user/gpu-machines`;
  await authorize({ createRole: "gpu", trustedArn, tunnel: true, nodeName: ["gpu-1", "gpu-2"] });
  assert.deepEqual(addresses(), { "gpu-1": "10.250.0.2", "gpu-2": "10.250.0.3" });
  assert.ok(adminAws.entries.has(`arn:aws:iam::${ACCOUNT}:role/gpu`));
});

test("two administrators at once get two addresses", async () => {
  const admin = setUp();
  const { authorize, addresses, kubernetes, give, said } = admin;
  let isFirst = true;
  kubernetes.beforePatch = () => {
    if (isFirst) give("gpu-2", "10.250.0.2");
    isFirst = false;
  };
  assert.equal(await driven(admin.host, authorize(TUNNEL)), 0);
  assert.deepEqual(addresses(), { "gpu-1": "10.250.0.3", "gpu-2": "10.250.0.2" });
  assert.match(said(), /changed by another client/);
  assert.match(said(), /gpu-1 has address 10\.250\.0\.3 in the tunnel/, "what was written, and not what was shown");
});

test("an administrator who is always slower gives up, and says so", async () => {
  const admin = setUp();
  let count = 0;
  admin.kubernetes.beforePatch = () => {
    count += 1;
    admin.kubernetes.edit(MAP, { other: String(count) });
  };
  await assert.rejects(driven(admin.host, admin.authorize(TUNNEL)), { code: "network-map-conflict" });
});

test("another node's address, one outside, the gateway's, and another one than a node has, are refused", async () => {
  const { authorize, give } = setUp();
  give("gpu-2", "10.250.0.4");
  await assert.rejects(authorize({ ...TUNNEL, address: "10.250.0.4" }), { code: "address-taken", message: /gpu-2's/ });
  for (const address of ["10.251.0.2", "10.250.0.0", "10.250.0.1", "10.250.0.7"])
    await assert.rejects(authorize({ ...TUNNEL, address }), { code: "address-outside" });
  await assert.rejects(authorize({ tunnel: true, nodeName: ["gpu-2"], address: "10.250.0.5" }), {
    code: "address-differs",
  });
});

test("a full network says so, and a damaged entry of another keeps no node from its address", async () => {
  const { authorize, give, kubernetes, addresses } = setUp();
  for (const last of [2, 3, 4, 5]) give(`other-${last}`, `10.250.0.${last}`);
  kubernetes.edit(MAP, { broken: "{}" });
  await authorize(TUNNEL);
  assert.equal(addresses()["gpu-1"], "10.250.0.6");
  await assert.rejects(authorize({ tunnel: true, nodeName: ["gpu-9"] }), {
    code: "network-full",
    message: /all 5 addresses/,
  });
});

test("more nodes than the ConfigMaps have room for are refused before anything is written; in a /20 all have room", async () => {
  const { authorize, kubernetes, addresses } = setUp();
  const name = (index: number) => `gpu-${index}.machines.example.com`;
  const fill = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => {
        const address = `10.251.${index >> 8}.${index & 255}`;
        return [name(index), JSON.stringify({ address, pods: [`10.252.${index >> 8}.${index & 255}/32`] })];
      }),
    );
  const network = { ...NETWORK, nodes: "10.250.0.0/15", pods: "10.252.0.0/16" };
  kubernetes.edit(MAP, { _network: JSON.stringify(network), ...fill(4093) });
  await authorize(TUNNEL);
  assert.equal(addresses()["gpu-1"], "10.250.0.2");
  kubernetes.edit(MAP, fill(10_000));
  await assert.rejects(authorize({ tunnel: true, nodeName: ["gpu-2"] }), {
    code: "network-full",
    message: /no room for 1000\d entries: they need \d+ bytes of 1000000/,
  });
  assert.equal(addresses()["gpu-2"], undefined);
});

test("without a gateway it names the command that makes one", async () => {
  const { authorize } = setUpAdmin();
  await assert.rejects(authorize(TUNNEL), {
    code: "gateway-needed",
    hint: /gateway create --cluster demo --region us-west-2/,
  });
});

test("options that do not fit are refused before anything is asked", async () => {
  const { authorize } = setUp();
  const refused = [
    { address: "10.250.0.2", nodeName: ["gpu-1"] },
    { tunnel: true },
    { ...TUNNEL, address: "10.250" },
    { ...TUNNEL, publicKey: "abc" },
    { ...TUNNEL, identity: "fargate" as const },
    { tunnel: true, nodeName: ["a", "b"], address: "10.250.0.2" },
    { print: "config" as const, nodeName: ["gpu-1"] },
  ];
  for (const options of refused)
    await assert.rejects(authorize(options), { code: "options-invalid" }, JSON.stringify(options));
});

test("revoke frees the address, alone or with the role", async () => {
  const { authorize, revoke, addresses, adminAws, said, forget } = setUp();
  await authorize(TUNNEL);
  assert.equal(await revoke({ tunnel: true, nodeName: "gpu-1" }), 0);
  assert.deepEqual(addresses(), {});
  forget();
  await revoke({ tunnel: true, nodeName: "gpu-1" });
  assert.match(said(), /^nothing to do: gpu-1 has no address/m);
  const roleArn = `arn:aws:iam::${ACCOUNT}:role/nodes`;
  await authorize({ ...TUNNEL, roleArn });
  await revoke({ roleArn, nodeName: "gpu-1" });
  assert.deepEqual([addresses(), adminAws.entries.size], [{}, 0]);
});

test("an address outside the network is changed as the hint says: revoked, then authorized again", async () => {
  const { authorize, revoke, addresses, give } = setUp();
  give("gpu-1", "10.0.0.9");
  await assert.rejects(authorize(TUNNEL), { code: "address-outside" });
  await revoke({ tunnel: true, nodeName: "gpu-1" });
  await authorize(TUNNEL);
  assert.deepEqual(addresses(), { "gpu-1": "10.250.0.2" });
});

test("revoke of a role works where the ConfigMap may not be read, with a note", async () => {
  const { authorize, revoke, kubernetes, adminAws, said } = setUp();
  const roleArn = `arn:aws:iam::${ACCOUNT}:role/nodes`;
  await authorize({ roleArn });
  kubernetes.readConfigMap = async () => Promise.reject(apiError(403, "forbidden"));
  assert.equal(await revoke({ roleArn, nodeName: "gpu-1" }), 0);
  assert.match(said(), /^! whether gpu-1 has an address in the tunnel is unknown/m);
  assert.equal(adminAws.entries.size, 0);
  await assert.rejects(revoke({ tunnel: true, nodeName: "gpu-1" }), { code: "api-forbidden" });
});

test("--print config is a section that the configuration takes, with the gateways' keys", async () => {
  const { authorize, kubernetes, said, forget } = setUp();
  await assert.rejects(authorize({ ...TUNNEL, print: "config" }), { code: "entry-missing" });
  await authorize({ ...TUNNEL, publicKey: KEY });
  assert.equal(JSON.parse(kubernetes.data(MAP)?.["gpu-1"] ?? "").publicKey, KEY);
  await assert.rejects(authorize({ ...TUNNEL, print: "config" }), { code: "gateway-silent" });
  const entry = { publicKey: KEY, endpoint: "198.51.100.5:51820", address: "10.0.1.5", since: "2026-01-01T00:00:00Z" };
  kubernetes.edit("eks-satellite-gateways", { "gateway-1": JSON.stringify(entry) });
  forget();
  assert.equal(await authorize({ ...TUNNEL, print: "config" }), 0);
  const { tunnel } = networkSchema.parse(parse(said()).network);
  assert.deepEqual(
    [tunnel.mode, tunnel.address, tunnel.gateways?.[0]?.endpoint],
    ["static", "10.250.0.2", "198.51.100.5:51820"],
  );
});

test("undone, a new address is free, and one that a node had before stays", async () => {
  const { context, addresses, give } = setUp();
  give("gpu-9", "10.250.0.5");
  const admin = await context.openAdmin();
  const access = await openCluster(admin, { name: "demo", region: "us-west-2" });
  const of = { access, host: admin.host };
  const { changes } = await planTunnel(of, { tunnel: true, nodeName: ["gpu-1", "gpu-9"], identity: "hybrid" });
  for (const { apply } of changes) await apply(() => undefined);
  assert.deepEqual(addresses(), { "gpu-9": "10.250.0.5", "gpu-1": "10.250.0.2" });
  for (const { undo } of changes) await undo?.(() => undefined);
  assert.deepEqual(addresses(), { "gpu-9": "10.250.0.5" });
});

const WITH_PODS = { ...NETWORK, nodes: "10.250.0.0/24", pods: "10.250.16.0/24" };

function setUpPods() {
  const admin = setUp();
  admin.kubernetes.edit(MAP, { _network: JSON.stringify(WITH_PODS) });
  const pods = (node: string) => JSON.parse(admin.kubernetes.data(MAP)?.[node] ?? "{}").pods;
  return { ...admin, pods };
}

test("a node gets a network for its pods that no other has, and keeps it; one of before gets its own with the next call", async () => {
  const { authorize, pods, give, said, forget } = setUpPods();
  give("gpu-1", "10.250.0.2");
  await authorize({ tunnel: true, nodeName: ["gpu-1", "gpu-2"] });
  assert.deepEqual([pods("gpu-1"), pods("gpu-2")], [["10.250.16.0/25"], ["10.250.16.128/25"]]);
  assert.match(said(), /gpu-1 has address 10\.250\.0\.2, pods 10\.250\.16\.0\/25, in the tunnel/);
  forget();
  await authorize({ tunnel: true, nodeName: ["gpu-1", "gpu-2"] });
  assert.match(said(), /^nothing to do: gpu-1 has address 10\.250\.0\.2, pods /m);
});

test("where no network is left a node has its address alone, which is noted before the question; a freed one is given again", async () => {
  const { authorize, pods, said, give } = setUpPods();
  await authorize({ tunnel: true, nodeName: ["gpu-1", "gpu-2"] });
  await authorize({ tunnel: true, nodeName: ["gpu-3"] });
  assert.deepEqual(pods("gpu-3"), []);
  assert.match(said(), /10\.250\.16\.0\/24 has no free network for the pods of gpu-3/);
  give("gpu-1", "10.250.0.2");
  await authorize({ tunnel: true, nodeName: ["gpu-3"] });
  assert.deepEqual(pods("gpu-3"), ["10.250.16.0/25"]);
});

test("a network that is named is taken whole or not at all", async () => {
  const { authorize, pods } = setUpPods();
  await authorize({ ...TUNNEL, pods: "10.250.16.64/26" });
  assert.deepEqual(pods("gpu-1"), ["10.250.16.64/26"]);
  const refuse = async (node: string, network: string, code: string) =>
    assert.rejects(authorize({ tunnel: true, nodeName: [node], pods: network }), { code }, network);
  await refuse("gpu-2", "10.250.16.0/25", "pods-taken");
  await refuse("gpu-2", "10.250.17.0/25", "pods-outside");
  await refuse("gpu-1", "10.250.16.128/25", "pods-differ");
  await refuse("gpu-2", "10.250.16.1/25", "options-invalid");
  await authorize({ tunnel: true, nodeName: ["gpu-2"] });
  assert.deepEqual(pods("gpu-2"), ["10.250.16.128/25"], "the block that holds gpu-1's is left out");
});
