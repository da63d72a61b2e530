import assert from "node:assert/strict";
import { test } from "node:test";
import { networksOf, planPeerRoutes } from "../../../agent/gateway/peers/peer-routes.ts";

const PEERS = [
  { node: "a", publicKey: "A", address: "10.250.0.11", allowedIps: ["10.250.0.11/32", "10.250.16.0/24"] },
  { node: "b", publicKey: "B", address: "10.250.0.12", allowedIps: ["10.250.0.12/32"] },
];
const plan = (mtus: Record<string, string>) =>
  planPeerRoutes(["10.250.0.0/24"], PEERS, { mtus: new Map(Object.entries(mtus)), mtu: 1420 });

test("a node that says a smaller size has routes of its own, for its address and its pods", () => {
  assert.deepEqual(plan({}), [{ network: "10.250.0.0/24" }]);
  assert.deepEqual(plan({ a: "1328", stranger: "1280" }), [
    { network: "10.250.0.0/24" },
    { network: "10.250.0.11/32", mtu: 1328 },
    { network: "10.250.16.0/24", mtu: 1328 },
  ]);
});

test("what is no size between 1280 and the interface's is left out", () => {
  for (const text of ["", "0", "68", "1279", "1420", "9001", "1e3", "1328 ", "-1328", "13280", "x".repeat(64)])
    assert.deepEqual(plan({ a: text }), [{ network: "10.250.0.0/24" }], text);
});

test("the aggregates are those of the network's entry", () => {
  const network = { nodes: "10.250.0.0/24", vpcCidrs: [], serviceCidr: "10.100.0.0/16" };
  assert.deepEqual(networksOf(undefined), []);
  assert.deepEqual(networksOf(network), ["10.250.0.0/24"]);
  assert.deepEqual(networksOf({ ...network, pods: "10.250.16.0/20" }), ["10.250.0.0/24", "10.250.16.0/20"]);
});
