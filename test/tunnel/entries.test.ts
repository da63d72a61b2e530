import assert from "node:assert/strict";
import { test } from "node:test";
import {
  readGatewayMap,
  readNetworkMap,
  renderGatewayEntry,
  renderNetworkEntry,
  renderNodeEntry,
} from "../../agent/tunnel/entries.ts";

const KEY = "YNqHbfBQKaGvzefSSTvjG5X9VzWmVyVFrVt3hY2s5Xo=";
const NETWORK = {
  nodes: "10.250.0.0/24",
  pods: "10.250.16.0/20",
  vpcCidrs: ["10.20.0.0/16"],
  serviceCidr: "10.100.0.0/16",
};
const GATEWAY = {
  publicKey: KEY,
  endpoint: "198.51.100.5:51820",
  address: "10.20.1.5",
  mtu: 1420,
  since: "2026-11-28T22:00:00Z",
  peers: { "gpu-1": KEY },
};

test("what is rendered is read again", () => {
  const data = { ...renderNetworkEntry(NETWORK), ...renderNodeEntry("gpu-1", { address: "10.250.0.11", pods: [] }) };
  const { network, nodes, problems } = readNetworkMap(data);
  assert.deepEqual(
    { network, nodes: [...nodes], problems },
    {
      network: NETWORK,
      nodes: [["gpu-1", { address: "10.250.0.11", pods: [] }]],
      problems: [],
    },
  );
  assert.deepEqual([...readGatewayMap(renderGatewayEntry("gw-1", GATEWAY)).gateways], [["gw-1", GATEWAY]]);
});

test("one bad entry takes no other with it", () => {
  const good = renderNodeEntry("gpu-1", { address: "10.250.0.11", pods: [] });
  for (const bad of [
    "",
    "{",
    "null",
    "[]",
    '{"address":"10.250.0.256"}',
    '{"address":"10.250.0.12","pods":["10.0.0.1/8"]}',
    "x".repeat(700_000),
  ]) {
    const { nodes, problems } = readNetworkMap({ ...good, "gpu-2": bad });
    assert.deepEqual([...nodes.keys()], ["gpu-1"], bad.slice(0, 40));
    assert.equal(problems.length, 1);
    assert.match(problems[0]?.message ?? "", /gpu-2/);
  }
});

test("an address that another node has is refused", () => {
  const data = { a: '{"address":"10.250.0.11"}', b: '{"address":"10.250.0.11"}' };
  const { nodes, problems } = readNetworkMap(data);
  assert.deepEqual([...nodes.keys()], ["a"]);
  assert.match(problems[0]?.message ?? "", /entry b .*10\.250\.0\.11.* a's/);
});

test("a gateway without a real key or endpoint is none", () => {
  for (const change of [
    { publicKey: "AAAA" },
    { endpoint: "198.51.100.5" },
    { endpoint: "x:99999" },
    { mtu: 100 },
    { address: "::1" },
  ]) {
    const { gateways, problems } = readGatewayMap(renderGatewayEntry("gw-1", { ...GATEWAY, ...change }));
    assert.equal(gateways.size, 0, JSON.stringify(change));
    assert.equal(problems.length, 1);
  }
});
