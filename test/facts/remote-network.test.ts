import assert from "node:assert/strict";
import { test } from "node:test";
import { describe } from "../../agent/errors.ts";
import { findRemoteNetworkProblem } from "../../agent/facts/remote-network.ts";
import { sampleCluster } from "../fakes/samples.ts";

function find(address: string | undefined, nodes: readonly string[], pods: readonly string[] = []) {
  return findRemoteNetworkProblem(sampleCluster({ remoteNetworks: { nodes, pods } }), address);
}

for (const [address, networks] of [
  ["10.250.0.11", ["10.250.0.0/16"]],
  ["10.250.0.11", ["192.168.0.0/16", "10.250.0.11/32"]],
  ["10.250.0.11", ["10.250.0.11"]],
  ["10.250.0.11", ["0.0.0.0/0"]],
] as const)
  test(`${address} is in ${networks.join(", ")}`, () => assert.equal(find(address, networks), undefined));

for (const networks of [["10.250.0.12/30"], ["10.0.0.0/33", "10.0.0.0/x", "nonsense", "", "2001:db8::/32"]])
  test(`10.250.0.11 is in none of ${networks.join(", ")}`, () => {
    assert.equal(describe(find("10.250.0.11", networks)).code, "remote-network-missing");
  });

test("an address outside is named with the networks, and the command keeps what is configured", () => {
  const problem = find("10.9.8.7", ["10.250.0.0/16"], ["10.251.0.0/16"]);
  const { code, message, hint = "" } = describe(problem);
  assert.equal(code, "remote-network-missing");
  assert.match(message, /10\.9\.8\.7 is outside cluster demo's remoteNodeNetworks \(10\.250\.0\.0\/16\)/);
  const [, json = ""] = /--remote-network-config '(.*)'/.exec(hint) ?? [];
  assert.deepEqual(JSON.parse(json), {
    remoteNodeNetworks: [{ cidrs: ["10.250.0.0/16", "10.9.8.0/24"] }],
    remotePodNetworks: [{ cidrs: ["10.251.0.0/16"] }],
  });
  assert.match(hint, /--region us-west-2 --name demo/);
});

test("a cluster without any is reported as such", () => {
  assert.match(describe(find("10.9.8.7", [])).message, /cluster demo has no remoteNodeNetworks/);
});

test("a public address is none that EKS takes: the way out is another address", () => {
  const { hint = "" } = describe(find("203.0.113.9", ["10.0.0.0/8"]));
  assert.match(hint, /node\.ip/);
  assert.doesNotMatch(hint, /update-cluster-config/);
});

test("nothing is said of what is not known: an older answer, no address, IPv6", () => {
  assert.equal(findRemoteNetworkProblem(sampleCluster({ remoteNetworks: undefined }), "10.9.8.7"), undefined);
  assert.equal(find(undefined, []), undefined);
  assert.equal(find("2001:db8::7", []), undefined);
});
