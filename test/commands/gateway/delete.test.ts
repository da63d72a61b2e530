// gateway delete: what create made goes, in whatever state it is, and nothing else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpGateway } from "../../fakes/gateway-admin.ts";
import { awsError } from "../../fakes/memory-aws.ts";
import { CLUSTER_GROUP, MAIN_TABLE } from "../../fakes/memory-gateway-vpc.ts";

type Admin = ReturnType<typeof setUpGateway>;

/** Everything that there is, ids left out of nothing. */
function pictureOf({ gatewayAws, adminAws, aws, kubernetes }: Admin) {
  const { groups, rules, tables, interfaces, addresses, instances, profiles } = gatewayAws;
  return structuredClone({
    ...{ groups, rules, tables, interfaces, addresses, instances, profiles },
    roles: [...adminAws.roles.keys()],
    entries: [...adminAws.entries.keys()],
    remoteNetworks: aws.cluster.remoteNetworks,
    maps: [...kubernetes.maps.keys()],
    rbac: [...kubernetes.rbac.keys()],
  });
}

/** What others have, beside a gateway. */
function addOthers({ gatewayAws }: Admin): void {
  const [main] = gatewayAws.tables;
  if (main !== undefined)
    main.routes = [...main.routes, { destination: "10.9.0.0/16", target: "eni-other", state: "active" }];
  const rule = { direction: "in", protocol: "tcp", fromPort: 443, toPort: 443, cidr: "10.9.0.0/16" } as const;
  gatewayAws.rules.push({ ...rule, id: "sgr-other", groupId: CLUSTER_GROUP, peerGroupId: undefined, tags: {} });
}

test("after create and delete everything is as it was before", async () => {
  const admin = setUpGateway();
  addOthers(admin);
  const before = pictureOf(admin);
  await admin.create();
  assert.notDeepEqual(pictureOf(admin), before);
  assert.equal(await admin.remove(), 0);
  assert.deepEqual(pictureOf(admin), before);
  admin.forget();
  assert.equal(await admin.remove(), 0);
  assert.match(admin.said(), /nothing to do: there is nothing of gateway gateway-1/);
});

test("broken off after each change in turn, another run ends it", async () => {
  const counting = setUpGateway();
  await counting.create();
  const made = counting.gatewayAws.calls.length;
  await counting.remove();
  const total = counting.gatewayAws.calls.slice(made).filter((call) => !/^(Describe|Get)/.test(call)).length;
  assert.ok(total > 15, String(total));
  for (let left = 0; left < total; left += 1) {
    const admin = setUpGateway();
    addOthers(admin);
    const before = pictureOf(admin);
    await admin.create();
    admin.gatewayAws.changesLeft = left;
    await assert.rejects(admin.remove(), /the network is gone|was not answered/);
    admin.gatewayAws.changesLeft = Number.POSITIVE_INFINITY;
    assert.equal(await admin.remove(), 0);
    assert.deepEqual(pictureOf(admin), before, `after ${left} changes`);
  }
});

test("a half of a gateway is removed too", async () => {
  const admin = setUpGateway();
  const before = pictureOf(admin);
  admin.gatewayAws.changesLeft = 14;
  await assert.rejects(admin.create());
  admin.gatewayAws.changesLeft = Number.POSITIVE_INFINITY;
  assert.equal(await admin.remove(), 0);
  assert.deepEqual(pictureOf(admin), before);
});

test("while nodes have addresses it is refused; --force says which nodes lose theirs", async () => {
  const admin = setUpGateway();
  await admin.create();
  admin.kubernetes.edit("eks-satellite-network", { "gpu-1": '{"address":"10.250.0.2","pods":[]}' });
  await assert.rejects(admin.remove(), { code: "nodes-have-addresses", message: /gpu-1/ });
  assert.equal(await admin.remove({ force: true }), 0);
  assert.match(admin.said(), /^! these nodes lose their addresses: gpu-1/m);
});

test("a network that the cluster had before the gateway stays among its remote networks", async () => {
  const admin = setUpGateway();
  admin.gatewayAws.remoteNetworks = { nodes: ["10.240.0.0/12"], pods: [] };
  admin.aws.cluster = { ...admin.aws.cluster, remoteNetworks: admin.gatewayAws.remoteNetworks };
  await admin.create({ nodeNetwork: "10.250.0.0/20", podNetwork: "10.239.0.0/20" });
  assert.deepEqual(admin.aws.cluster.remoteNetworks, { nodes: ["10.240.0.0/12"], pods: ["10.239.0.0/20"] });
  await admin.remove();
  assert.deepEqual(admin.aws.cluster.remoteNetworks, { nodes: ["10.240.0.0/12"], pods: [] });
});

test("it waits for EC2 to let go of the interface and of the group", async () => {
  const admin = setUpGateway();
  await admin.create();
  admin.gatewayAws.failures.set("DeleteNetworkInterface", [awsError("InvalidParameterValue")]);
  admin.gatewayAws.failures.set("DeleteSecurityGroup", [awsError("DependencyViolation")]);
  assert.equal(await admin.remove(), 0);
  assert.match(admin.said(), /waiting until EC2 has let go of it/);
});

test("routes whose interface was deleted by hand go too, and those of others stay", async () => {
  const admin = setUpGateway();
  await admin.create();
  admin.gatewayAws.instances = [];
  admin.gatewayAws.interfaces = [];
  admin.gatewayAws.addresses = [];
  addOthers(admin);
  assert.equal(await admin.remove(), 0);
  const main = admin.gatewayAws.tables.find(({ id }) => id === MAIN_TABLE);
  assert.deepEqual(
    main?.routes.map(({ destination }) => destination),
    ["10.0.0.0/16", "0.0.0.0/0", "10.9.0.0/16"],
  );
});
