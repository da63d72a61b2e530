import assert from "node:assert/strict";
import { test } from "node:test";
import { listTunnel, removeTunnel, removeTunnelResource } from "../../../agent/apply/tunnel/removal.ts";
import { planTunnel } from "../../../agent/plan/tunnel/tunnel-plan.ts";
import { TUNNEL_KEY_FILE } from "../../../agent/tunnel/names.ts";
import { makePrivateKey, publicKeyOf } from "../../../agent/tunnel/wireguard-key.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { MemoryNetwork } from "../../fakes/memory-network.ts";
import { createRounds } from "../../fakes/rounds.ts";
import { sampleConfig, sampleTunnel } from "../../fakes/samples.ts";

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

test("wireguard-go ends with its unit, and its interface with it", async () => {
  const { host, network } = await setUp(false);
  assert.equal((await listTunnel(host))[0], "stop eks-satellite-wireguard.service");
  await removeTunnel(host);
  assert.deepEqual([network.unit, network.link], [undefined, undefined]);
});

test("a machine that never had a tunnel, nor its programs, has nothing to remove", async () => {
  const host = new MemoryHost();
  assert.deepEqual(await listTunnel(host), []);
  assert.equal(await removeTunnelResource(host, "file:/etc/a"), false);
});
