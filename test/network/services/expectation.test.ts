import assert from "node:assert/strict";
import { test } from "node:test";
import { type NetworkSituation, whyNotUsed } from "../../../agent/network/services/expectation.ts";

const ISLAND: NetworkSituation = {
  identity: "hybrid",
  hasTunnel: false,
  address: "192.168.1.5",
  cluster: { remoteNetworks: { nodes: ["10.250.0.0/24"], pods: [] } },
  hasSeenKubeProxy: true,
};

test("a node without a tunnel, outside the remote networks, need not reach Services", () => {
  assert.match(whyNotUsed(ISLAND) ?? "", /192\.168\.1\.5 lies in none of the cluster's remote networks/);
  assert.notEqual(whyNotUsed({ ...ISLAND, cluster: { remoteNetworks: undefined } }), undefined);
  assert.match(whyNotUsed({ ...ISLAND, address: undefined }) ?? "", /address is unknown/);
});

test("a tunnel makes Services expected, whatever else is known", () => {
  assert.equal(whyNotUsed({ ...ISLAND, hasTunnel: true, hasSeenKubeProxy: false, address: undefined }), undefined);
});

test("in the remote networks they are expected from the first answer of a kube-proxy on", () => {
  const routed = { ...ISLAND, address: "10.250.0.11" };
  assert.equal(whyNotUsed(routed), undefined);
  assert.match(whyNotUsed({ ...routed, hasSeenKubeProxy: false }) ?? "", /no kube-proxy has answered/);
});

test("on a node of identity fargate a kube-proxy is there because an administrator has brought it", () => {
  const fargate = { ...ISLAND, identity: "fargate" } as const;
  assert.equal(whyNotUsed(fargate), undefined);
  assert.match(whyNotUsed({ ...fargate, hasSeenKubeProxy: false }) ?? "", /no kube-proxy has answered/);
});
