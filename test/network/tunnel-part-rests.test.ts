// How often the cluster is asked for the tunnel's entry.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { TUNNEL_KEY_FILE } from "../../agent/tunnel/names.ts";
import { makePrivateKey, publicKeyOf } from "../../agent/tunnel/wireguard-key.ts";
import { READY } from "../fakes/memory-node-api.ts";
import { createNodeWithTunnel } from "./node-with-tunnel.ts";
import { clusterMaps } from "./samples.ts";

test("while the tunnel works the cluster is asked each fifth round, and at once when it does not", async () => {
  const { api, part, condition, board, put } = createNodeWithTunnel();
  await part.round();
  const facts = await part.facts();
  assert.ok(facts?.kind === "wanted");
  assert.equal(condition(), "True Configured");
  board.setTrue("TunnelUp", "GatewayAnswers", "it does");
  const rounds = async (count: number) => {
    const before = api.configMapReads.length;
    for (let round = 0; round < count; round += 1) await part.round();
    return api.configMapReads.length - before;
  };
  assert.equal(await rounds(2), 4, "no gateway accepts its key yet");
  put("gateways", clusterMaps({ "gpu-1": facts.tunnel.publicKey }).gateways, "2");
  await part.round();
  await part.facts();
  assert.equal(await rounds(4), 0);
  assert.equal(await rounds(1), 2);
  board.setFailed("PodNetworkReady", new SatelliteError("pod-prefix-missing", "a test"));
  assert.equal(await rounds(3), 6, "an administrator may give it a network for pods any minute");
  board.setTrue("PodNetworkReady", "Ready", "it has one");
  assert.equal(await rounds(4), 0);
  board.setFailed("TunnelUp", new SatelliteError("gateway-away", "a test"));
  assert.equal(await rounds(3), 6);
});

test("a cluster without a gateway is asked each fifth round", async () => {
  const { api, part } = createNodeWithTunnel();
  api.configMaps.clear();
  for (let round = 0; round < 6; round += 1) await part.round();
  assert.equal(api.configMapReads.length, 2);
});

test("a key that a gateway accepted before it was the machine's is said on the Node at once, though all is well", async () => {
  const { host, api, part, board, condition, put } = createNodeWithTunnel();
  await part.round();
  const first = await part.facts();
  assert.ok(first?.kind === "wanted");
  await part.see({ ...READY, tunnelKey: first.tunnel.publicKey });
  const next = makePrivateKey();
  const publicKey = publicKeyOf(next);
  put("gateways", clusterMaps({ "gpu-1": publicKey }).gateways, "2");
  await part.round();
  board.setTrue("TunnelUp", "GatewayAnswers", "it does");
  await host.files.write(TUNNEL_KEY_FILE, `${next.reveal()}\n`, { mode: 0o600 });
  await part.facts();
  assert.equal(condition(), "True Configured");
  await part.round();
  assert.deepEqual(api.annotations, { "eks-satellite.io/wireguard-public-key": publicKey });
});
