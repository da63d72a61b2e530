import assert from "node:assert/strict";
import { test } from "node:test";
import { listTunnel, removeTunnelResource, removeTunnels } from "../../../agent/apply/tunnel/removal.ts";
import { planTunnel } from "../../../agent/plan/tunnel/tunnel-plan.ts";
import { TUNNEL_KEY_FILE } from "../../../agent/tunnel/names.ts";
import { makePrivateKey, publicKeyOf } from "../../../agent/tunnel/wireguard-key.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { MemoryNetwork } from "../../fakes/memory-network.ts";
import { createRounds } from "../../fakes/rounds.ts";
import { sampleConfig, sampleGateway, sampleTunnel } from "../../fakes/samples.ts";

async function setUp(kernelHasWireguard = true) {
  const host = new MemoryHost();
  const network = new MemoryNetwork(host);
  network.kernelHasWireguard = kernelHasWireguard;
  const key = makePrivateKey();
  host.files.put(TUNNEL_KEY_FILE, key.reveal(), { mode: 0o600 });
  const config = sampleConfig("network: { cni: routed, tunnel: { userspace: allow } }");
  const tunnel = sampleTunnel({ publicKey: publicKeyOf(key), pods: ["10.251.16.0/25"] });
  await createRounds(host).apply(...planTunnel(config, tunnel));
  network.addresses.set("203.0.113.7/32", "lo");
  return { host, network };
}

test("everything of the tunnel is listed and removed, by the machine's own word; an address of another's stays", async () => {
  const { host, network } = await setUp();
  assert.deepEqual(await listTunnel(host), [
    "remove the interface es0 and its routes",
    "remove the address 10.250.0.11/32 of lo",
    "remove the route that makes 10.251.16.0/25 unreachable",
    "remove the chain EKS-SATELLITE from iptables",
    "remove the chain EKS-SATELLITE of table nat from iptables",
  ]);
  for (let turn = 0; turn < 2; turn += 1)
    for (const id of ["tunnel:es0", "firewall:EKS-SATELLITE", "firewall:EKS-SATELLITE:nat"])
      assert.ok(await removeTunnelResource(host, id));
  assert.deepEqual([network.link, [...network.addresses.keys()]], [undefined, ["203.0.113.7/32"]]);
  assert.deepEqual(await listTunnel(host), []);
});

test("with two gateways both interfaces are listed and removed, and the address goes with the last of them", async () => {
  const { host, network } = await setUp(false);
  const other = sampleGateway({ name: "gw-2", publicKey: publicKeyOf(makePrivateKey()), address: "10.20.2.5" });
  const config = sampleConfig("network: { tunnel: { userspace: allow } }");
  const wanted = sampleTunnel({ publicKey: network.publicKey ?? "", gateways: [sampleGateway(), other] });
  await createRounds(host).apply(...planTunnel(config, wanted));
  assert.deepEqual((await listTunnel(host)).slice(0, 4), [
    "stop eks-satellite-wireguard.service",
    "remove the interface es0 and its routes",
    "stop eks-satellite-wireguard-es1.service",
    "remove the interface es1 and its routes",
  ]);
  await removeTunnelResource(host, "tunnel:es0");
  assert.ok(network.addresses.has("10.250.0.11/32"), "the other interface's routes have it as their source");
  await removeTunnels(host);
  assert.deepEqual(
    [network.link, network.second.state, network.secondUnit, network.addresses.has("10.250.0.11/32")],
    [undefined, undefined, undefined, false],
  );
});

test("wireguard-go ends with its unit, and its interface with it", async () => {
  const { host, network } = await setUp(false);
  assert.equal((await listTunnel(host))[0], "stop eks-satellite-wireguard.service");
  await removeTunnels(host);
  assert.deepEqual([network.unit, network.link], [undefined, undefined]);
});

test("a machine that never had a tunnel, nor its programs, has nothing to remove", async () => {
  const host = new MemoryHost();
  assert.deepEqual(await listTunnel(host), []);
  assert.equal(await removeTunnelResource(host, "file:/etc/a"), false);
});
