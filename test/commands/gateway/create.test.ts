// gateway create: one diff, every piece, and again what lacks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { PACKAGE, setUpGateway } from "../../fakes/gateway-admin.ts";
import { awsError } from "../../fakes/memory-aws.ts";
import { MAIN_TABLE, PRIVATE_SUBNET, PRIVATE_TABLE, PUBLIC_SUBNET } from "../../fakes/memory-gateway-vpc.ts";

const NODES = "10.250.0.0/20";
const PODS = "10.250.16.0/20";
const CHANGES = /^(Create|Delete|Modify|Allocate|Associate|Authorize|Revoke|Run|Replace|Update|Add|Put)/;

test("--dry-run shows every piece with the proposed networks, and changes nothing", async () => {
  const { create, gatewayAws, adminAws, kubernetes, said } = setUpGateway();
  assert.equal(await create({ dryRun: true }), 0);
  for (const piece of [
    "role eks-satellite-demo-gateway-1-us-west-2",
    "instance profile eks-satellite-demo-gateway-1-us-west-2",
    "access entry of arn:aws:iam::111122223333:role/eks-satellite-demo-gateway-1-us-west-2",
    "security group eks-satellite-demo-gateway-1",
    "source/dest check of network interface",
    "Elastic IP",
    "clusterrole eks-satellite-gateway",
    "_network in eks-satellite-network",
    "instance eks-satellite-demo-gateway-1",
    `route to ${NODES} in ${MAIN_TABLE}`,
    `route to ${PODS} in ${PRIVATE_TABLE}`,
    "rules of the cluster's security group",
    "remote networks of cluster demo",
  ])
    assert.ok(said().includes(`+++ ${piece}`), piece);
  assert.match(said(), /^! the instance, its public IPv4 address .* billed/m);
  assert.ok(!said().includes("rtb-unused"), "a table that serves no subnet needs no route");
  assert.deepEqual(
    [...gatewayAws.calls, ...adminAws.calls.map((call) => call.split(":")[1] ?? "")].filter((call) =>
      CHANGES.test(call),
    ),
    [],
  );
  assert.equal(kubernetes.rbac.size, 0);
});

test("everything is made, tagged, in an order in which each piece finds what it needs", async () => {
  const { create, gatewayAws, adminAws, kubernetes, aws } = setUpGateway();
  assert.equal(await create({ allow: [{ cidr: "10.0.0.0/16", port: 8080 }] }), 0);
  const tags = {
    "eks-satellite:cluster": "demo",
    "eks-satellite:gateway": "gateway-1",
    Name: "eks-satellite-demo-gateway-1",
  };
  const [eni] = gatewayAws.interfaces;
  assert.deepEqual([eni?.subnetId, eni?.sourceDestCheck, eni?.tags], [PUBLIC_SUBNET, false, tags]);
  assert.equal(gatewayAws.addresses[0]?.interfaceId, eni?.id);
  assert.equal(eni?.instanceId, gatewayAws.instances[0]?.id);
  for (const table of gatewayAws.tables.filter(({ id }) => id !== "rtb-unused"))
    for (const network of [NODES, PODS])
      assert.equal(
        table.routes.find(({ destination }) => destination === network)?.target,
        eni?.id,
        `${table.id} ${network}`,
      );
  const role = adminAws.roles.get("eks-satellite-demo-gateway-1-us-west-2");
  assert.match(role?.policies.get("eks-satellite-gateway") ?? "", /ec2:DescribeRouteTables/);
  assert.deepEqual(gatewayAws.profiles[0]?.roles, ["eks-satellite-demo-gateway-1-us-west-2"]);
  const entry = adminAws.entries.get("arn:aws:iam::111122223333:role/eks-satellite-demo-gateway-1-us-west-2");
  assert.deepEqual([entry?.type, entry?.groups], ["STANDARD", ["eks-satellite:gateways"]]);
  assert.deepEqual(
    aws.cluster.remoteNetworks,
    { nodes: ["192.0.2.0/24", NODES], pods: [PODS] },
    "those of others are kept",
  );
  assert.deepEqual(JSON.parse(kubernetes.data("eks-satellite-network")?._network ?? ""), {
    nodes: NODES,
    pods: PODS,
    vpcCidrs: ["10.0.0.0/16"],
    serviceCidr: "10.100.0.0/16",
  });
  assert.deepEqual(kubernetes.data("eks-satellite-gateways"), {});
  assert.equal(kubernetes.rbac.size, 8);
  const group = gatewayAws.groups.find(({ id }) => id === eni?.groupIds[0]);
  assert.equal(group?.tags["eks-satellite:networks"], `${NODES} ${PODS}`);
  assert.equal(group?.tags["eks-satellite:added-remote-networks"], `${NODES} ${PODS}`);
  const open = gatewayAws.rules.filter(({ groupId, cidr }) => groupId === group?.id && cidr === "0.0.0.0/0");
  assert.deepEqual(
    open.map(({ direction, protocol, fromPort }) => `${direction} ${protocol} ${fromPort}`).toSorted(),
    ["in udp 51820", "out tcp 443", "out tcp 80"],
    "closed to everything else",
  );
});

test("the user data installs the package by its checksum, holds the gateway's configuration and no secret", async () => {
  const { create, gatewayAws } = setUpGateway();
  await create({ allow: [{ cidr: "10.0.0.0/16", port: undefined }], userspace: "allow" });
  const [launch] = gatewayAws.launches;
  assert.match(launch?.image ?? "", /^resolve:ssm:\/aws\/service\/canonical\/ubuntu\/.*\/arm64\//);
  const userData = launch?.userData ?? "";
  assert.match(userData, /^#cloud-config\n/);
  const { write_files: files, runcmd, packages } = parse(userData);
  assert.ok(packages.includes("wireguard-tools"));
  assert.deepEqual(parse(files[0].content), {
    cluster: { name: "demo", region: "us-west-2" },
    name: "gateway-1",
    endpoint: "198.51.100.5:51820",
    address: "10.0.1.5",
    userspace: "allow",
    allow: [{ cidr: "10.0.0.0/16" }],
  });
  assert.ok(runcmd[0].includes(PACKAGE.packageUrl) && runcmd[0].includes(`${PACKAGE.packageSha256}  `));
  assert.doesNotMatch(userData, /AKIA|secret/i);
});

test("what an earlier run allowed is kept by a new instance; a running one keeps its configuration, and that is said", async () => {
  const { create, gatewayAws, said, forget } = setUpGateway();
  await create({ allow: [{ cidr: "10.0.0.0/16", port: 8080 }] });
  forget();
  await create({ allow: [{ cidr: "10.0.9.0/24", port: undefined }] });
  assert.match(said(), /^! instance i-\d+ keeps the configuration that it was made with/m);
  await gatewayAws.terminateInstance(gatewayAws.instances[0]?.id ?? "");
  await create();
  const { write_files: files } = parse(gatewayAws.launches.at(-1)?.userData ?? "");
  const { allow } = parse(files[0].content);
  assert.deepEqual(allow, [{ cidr: "10.0.0.0/16", port: 8080 }, { cidr: "10.0.9.0/24" }]);
});

test("again: nothing to do, and no package is needed", async () => {
  const { create, gatewayAws, said, forget } = setUpGateway();
  await create();
  forget();
  gatewayAws.calls.splice(0);
  assert.equal(await create({ packageUrl: "https://example.com/x.deb", packageSha256: "b".repeat(64) }), 0);
  assert.match(said(), /^nothing to do: gateway gateway-1 of demo is complete/m);
  assert.deepEqual(
    gatewayAws.calls.filter((call) => CHANGES.test(call)),
    [],
  );
});

test("broken off after each change in turn it ends at the same, with each piece there once", async () => {
  const whole = setUpGateway();
  await whole.create();
  const total = whole.gatewayAws.calls.filter((call) => CHANGES.test(call)).length;
  assert.ok(total > 20, String(total));
  for (let left = 0; left < total; left += 1) {
    const { create, gatewayAws, aws, kubernetes } = setUpGateway();
    gatewayAws.changesLeft = left;
    await assert.rejects(create(), /the network is gone|was not answered/);
    gatewayAws.changesLeft = Number.POSITIVE_INFINITY;
    assert.equal(await create(), 0, `after ${left} changes`);
    const sizes = (of: typeof gatewayAws) =>
      [of.groups, of.rules, of.interfaces, of.addresses, of.instances, of.profiles].map((list) => list.length);
    assert.deepEqual(sizes(gatewayAws), sizes(whole.gatewayAws), `after ${left} changes`);
    assert.deepEqual(aws.cluster.remoteNetworks, whole.aws.cluster.remoteNetworks);
    assert.deepEqual(kubernetes.data("eks-satellite-network"), whole.kubernetes.data("eks-satellite-network"));
  }
});

test("it asks again while EKS and EC2 do not know the new role, and waits for other updates and its own", async () => {
  const { create, gatewayAws, adminAws, said } = setUpGateway();
  adminAws.unknownPrincipals = 2;
  const unknown = Object.assign(
    new Error("Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"),
    {
      name: "InvalidParameterValue",
      $metadata: { httpStatusCode: 400 },
    },
  );
  gatewayAws.failures.set("RunInstances", [unknown]);
  gatewayAws.failures.set("UpdateClusterConfig", [awsError("ResourceInUseException", 409)]);
  gatewayAws.failures.set("DescribeUpdate", [awsError("ThrottlingException", 429)]);
  gatewayAws.updates = [{ id: "u-7", status: "InProgress", errors: [] }];
  assert.equal(await create(), 0);
  assert.match(said(), /EKS does not know role/);
  assert.match(said(), /EC2 does not know the instance profile yet/);
  assert.match(said(), /EKS is making another update/);
  assert.match(said(), /EKS updates the cluster \(u-7\)/);
});

test("it waits while an instance that was terminated by hand still has the network interface", async () => {
  const { create, gatewayAws, said, forget } = setUpGateway();
  await create();
  for (const instance of gatewayAws.instances) instance.state = "shutting-down";
  forget();
  const inUse = Object.assign(awsError("InvalidParameterValue"), {
    message: "Network interface 'eni-7' is currently in use.",
  });
  const refusals = Array.from({ length: 40 }, () => awsError("InvalidNetworkInterface.InUse"));
  gatewayAws.failures.set("RunInstances", [...refusals, inUse]);
  assert.equal(await create(), 0);
  assert.equal(gatewayAws.launches.length, 2);
  assert.equal(said().match(/the network interface is still attached to another instance; waiting/g)?.length, 1);
});

test("an update that fails is reported in EKS's words", async () => {
  const { create, gatewayAws } = setUpGateway();
  gatewayAws.updates = [{ id: "u-8", status: "Failed", errors: ["SubnetNotFound: gone"] }];
  await assert.rejects(create(), {
    code: "cluster-update-failed",
    message: /u-8 of cluster demo is Failed: SubnetNotFound/,
  });
});

test("a missing right is named with its action, resource and caller", async () => {
  const { create, gatewayAws } = setUpGateway();
  gatewayAws.failures.set("CreateRoute", [awsError("UnauthorizedOperation", 403)]);
  await assert.rejects(create(), {
    code: "aws-forbidden",
    hint: /Allow ec2:CreateRoute on arn:aws:ec2:us-west-2:111122223333:route-table\/rtb-main to arn:aws:sts::/,
  });
});

test("a subnet without a way to the internet, or of another VPC, is refused", async () => {
  const { create } = setUpGateway();
  await assert.rejects(create({ subnet: PRIVATE_SUBNET }), { code: "subnet-private" });
  await assert.rejects(create({ subnet: "subnet-0cccccccccccccccc" }), { code: "subnet-not-found" });
});

test("without a package a new instance cannot be made; half of the two options is refused", async () => {
  const { create } = setUpGateway();
  const { packageUrl } = PACKAGE;
  const without = { packageUrl: undefined, packageSha256: undefined } as object;
  await assert.rejects(create(without), { code: "package-missing" });
  await assert.rejects(create({ ...without, packageUrl }), { code: "options-invalid" });
  await assert.rejects(create({ packageSha256: "abc" }), { code: "options-invalid" });
  await assert.rejects(create({ packageUrl: "file:///x" }), { code: "options-invalid" });
});

test("a second gateway, other networks, another subnet or type are refused", async () => {
  const { create } = setUpGateway();
  await create();
  await assert.rejects(create({ name: "gateway-2" }), { code: "gateway-exists" });
  await assert.rejects(create({ nodeNetwork: "10.251.0.0/24" }), { code: "gateway-differs" });
  await assert.rejects(create({ instanceType: "c7gn.large" }), { code: "gateway-differs" });
});

test("Ctrl-C ends it between two changes", async () => {
  const { create, stop, gatewayAws } = setUpGateway();
  stop.abort();
  await assert.rejects(create(), { code: "interrupted" });
  assert.deepEqual(
    gatewayAws.calls.filter((call) => CHANGES.test(call)),
    [],
  );
});
