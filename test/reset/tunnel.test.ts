import assert from "node:assert/strict";
import { test } from "node:test";
import { planTunnel } from "../../agent/plan/tunnel/tunnel-plan.ts";
import type { StepOptions } from "../../agent/reset/step.ts";
import { tunnelStep } from "../../agent/reset/tunnel.ts";
import { TUNNEL_KEY_FILE } from "../../agent/tunnel/names.ts";
import { makePrivateKey, publicKeyOf } from "../../agent/tunnel/wireguard-key.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { MemoryNetwork } from "../fakes/memory-network.ts";
import { createRounds } from "../fakes/rounds.ts";
import { sampleConfig, sampleTunnel } from "../fakes/samples.ts";

test("interface, address, routes, chain and key go; what was there before stays", async () => {
  const host = new MemoryHost();
  const network = new MemoryNetwork(host);
  const key = makePrivateKey();
  host.files.put(TUNNEL_KEY_FILE, key.reveal(), { mode: 0o600 });
  const chains = structuredClone([...network.chains]);
  await createRounds(host).apply(...planTunnel(sampleConfig(), sampleTunnel({ publicKey: publicKeyOf(key) })));
  const step = tunnelStep({ host } as unknown as StepOptions);
  assert.deepEqual(await step.list(), [
    "remove the interface es0 and its routes",
    "remove the address 10.250.0.11/32 of lo",
    "remove the chain EKS-SATELLITE from iptables",
    `remove ${TUNNEL_KEY_FILE}`,
  ]);
  assert.deepEqual(await step.run(), []);
  assert.deepEqual([network.link, network.addresses.size, network.routes.size], [undefined, 0, 0]);
  assert.deepEqual([...network.chains], chains);
  assert.equal(host.files.peek(TUNNEL_KEY_FILE), undefined);
  assert.deepEqual(await step.list(), []);
});

test("a machine that never had a tunnel, and has none of the programs, is left alone", async () => {
  const step = tunnelStep({ host: new MemoryHost() } as unknown as StepOptions);
  assert.deepEqual(await step.list(), []);
  assert.deepEqual(await step.run(), []);
});
