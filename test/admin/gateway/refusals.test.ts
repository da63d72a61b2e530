// What a gateway is refused for, before anything is changed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRoom } from "../../../agent/admin/gateway/refusals.ts";
import { setUpGateway } from "../../fakes/gateway-admin.ts";

const NETWORKS: readonly (readonly [nodes: string, code: string, words: RegExp])[] = [
  ["10.0.128.0/20", "network-overlap", /10\.0\.0\.0\/16, a network of vpc-/],
  ["10.100.0.0/20", "network-overlap", /the network of the cluster's Services/],
  ["172.17.0.0/20", "network-overlap", /Docker/],
  ["10.77.1.0/24", "network-overlap", /10\.77\.0\.0\/16, a route of rtb-private to tgw-1/],
  ["10.88.0.0/24", "network-overlap", /a remote pod network of the cluster/],
  ["100.64.0.0/20", "network-invalid", /is not private/],
  ["203.0.113.0/24", "network-invalid", /is not private/],
  ["10.250.0.1/20", "network-invalid", /is not an IPv4 network/],
  ["fd00::/64", "network-invalid", /is not an IPv4 network/],
  ["10.250.0.0/30", "network-invalid", /room for/],
];

for (const [nodes, code, words] of NETWORKS)
  test(`--node-network ${nodes} is refused: ${code}`, async () => {
    const { create, gatewayAws, aws, said } = setUpGateway();
    const [, table] = gatewayAws.tables;
    if (table !== undefined)
      table.routes = [...table.routes, { destination: "10.77.0.0/16", target: "tgw-1", state: "active" }];
    aws.cluster = { ...aws.cluster, remoteNetworks: { nodes: [], pods: ["10.88.0.0/16"] } };
    await assert.rejects(create({ nodeNetwork: nodes }), { code, message: words });
    assert.equal(said(), "");
  });

test("networks of nodes and pods that overlap each other are refused", async () => {
  const { create } = setUpGateway();
  await assert.rejects(create({ nodeNetwork: "10.250.0.0/16", podNetwork: "10.250.16.0/20" }), {
    code: "network-overlap",
    message: /--pod-network 10\.250\.16\.0\/20 overlaps 10\.250\.0\.0\/16, the network of nodes/,
  });
});

test("an IPv6 cluster, CONFIG_MAP and a private endpoint are refused, each with the way out", async () => {
  const ipv6 = setUpGateway();
  ipv6.aws.cluster = { ...ipv6.aws.cluster, ipFamily: "ipv6", serviceIpv6Cidr: "fd00::/108" };
  await assert.rejects(ipv6.create(), { code: "cluster-ipv6" });
  await assert.rejects(setUpGateway("CONFIG_MAP").create(), {
    code: "authentication-mode",
    hint: /authenticationMode=API_AND_CONFIG_MAP/,
  });
  const hidden = setUpGateway();
  hidden.setVpc({ hasPublicEndpoint: false });
  await assert.rejects(hidden.create(), { code: "endpoint-private", hint: /--print config/ });
  assert.equal(await hidden.create({ privateEndpoint: true, dryRun: true }), 0);
  assert.match(hidden.said(), /^! the API server is private/m);
});

test("a VPC without a public subnet is refused", async () => {
  const { create, gatewayAws } = setUpGateway();
  for (const table of gatewayAws.tables) table.routes = table.routes.filter(({ target }) => !target.startsWith("igw-"));
  await assert.rejects(create(), { code: "subnet-private", hint: /public subnet/ });
});

test("networks that others took are not proposed", async () => {
  const { create, gatewayAws, said } = setUpGateway();
  const [table] = gatewayAws.tables;
  if (table !== undefined)
    table.routes = [...table.routes, { destination: "10.250.0.0/16", target: "pcx-1", state: "active" }];
  await create({ dryRun: true });
  assert.match(said(), /route to 10\.251\.0\.0\/20 in rtb-main/);
});

test("EKS takes 15 remote networks of a kind", () => {
  const list = (length: number) => Array.from({ length }, (_, index) => `10.${index}.0.0/16`);
  checkRoom({ nodes: list(15), pods: [] });
  assert.throws(() => checkRoom({ nodes: [], pods: list(16) }), { code: "remote-networks-full" });
});
