import assert from "node:assert/strict";
import { test } from "node:test";
import { restartPeer, restartPlannedPeer } from "../../../agent/apply/tunnel/restart-peer.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { MemoryNetwork } from "../../fakes/memory-network.ts";

const PEER = { publicKey: "K", endpoint: "198.51.100.5:51820", allowedIps: ["10.20.0.0/16"], keepaliveSeconds: 15 };

test("a peer is removed and set again in one command, the others are not touched", async () => {
  const host = new MemoryHost();
  const network = new MemoryNetwork(host);
  network.addLink();
  network.peers.set("other", { endpoint: "a:1", allowedIps: "(none)", keepalive: "off" });
  await restartPeer(host, "es0", PEER);
  assert.deepEqual(network.changes, [
    "wg set es0 peer K remove peer K endpoint 198.51.100.5:51820 persistent-keepalive 15 allowed-ips 10.20.0.0/16",
  ]);
  assert.deepEqual([...network.peers.keys()], ["other", "K"]);
});

test("a peer that is not planned any more stays as it is", async () => {
  const host = new MemoryHost();
  const network = new MemoryNetwork(host);
  network.addLink();
  for (const tunnels of [[], [{ interface: "es0", peers: [] }]]) await restartPlannedPeer(host, tunnels, "K");
  assert.deepEqual(network.changes, []);
  network.peers.set("K", { endpoint: PEER.endpoint, allowedIps: "10.20.0.0/16", keepalive: "15" });
  await restartPlannedPeer(host, [{ interface: "es0", peers: [PEER] }], "K");
  assert.equal(network.changes.length, 1);
});

test("an interface that is gone is an error, which the next round of convergence mends", async () => {
  const host = new MemoryHost();
  new MemoryNetwork(host);
  await assert.rejects(restartPeer(host, "es0", PEER), { code: "tunnel-not-set" });
});

test("a peer that is planned and not there is not made: its gateway may have another key since the plan, and its networks with it", async () => {
  const host = new MemoryHost();
  const network = new MemoryNetwork(host);
  network.addLink();
  network.peers.set("next", { endpoint: PEER.endpoint, allowedIps: "10.20.0.0/16", keepalive: "15" });
  await restartPlannedPeer(host, [{ interface: "es0", peers: [PEER] }], "K");
  assert.deepEqual(network.changes, []);
});
