// The whole daemon with a tunnel, on a machine in memory: it is set, watched and shown, and a dead gateway leaves the node Ready.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { StatusDocument } from "../agent/health/status-schema.ts";
import { conditionsOf, settleDown, setUpAgent } from "./fakes/memory-agent.ts";
import { MemoryNetwork } from "./fakes/memory-network.ts";
import { GATEWAY_KEY, sampleHealth } from "./network/watch/samples.ts";

const TUNNEL = `
network:
  tunnel:
    mode: static
    address: 192.0.2.11
    vpcCidrs: [10.20.0.0/16]
    gateways: [{ publicKey: ${GATEWAY_KEY}, endpoint: "198.51.100.5:51820", address: 10.20.1.5 }]
`;

test("a static tunnel is set, watched and shown; with a dead gateway the node stays Ready, and the cause is one", async (context) => {
  const { host, start } = setUpAgent(context, TUNNEL);
  new MemoryNetwork(host);
  let isAlive = true;
  const { onFetch } = host;
  host.onReach = async (address, port) => {
    assert.deepEqual([address, port], ["10.20.1.5", 51821]);
    if (isAlive) return "ok";
    await host.clock.sleep(1000);
    return "silent";
  };
  const health = sampleHealth({ you: { address: "192.0.2.11", node: "gpu-1", kubelet: "ok" } });
  host.onFetch = (request) =>
    request.url.includes(":51821/") ? { status: 200, body: JSON.stringify(health) } : onFetch(request);
  const { status } = await start();
  await settleDown(host);
  const { TunnelConfigured, TunnelUp, ControlPlaneRoute } = conditionsOf(await status());
  assert.deepEqual(
    [TunnelConfigured, TunnelUp, ControlPlaneRoute],
    ["True Configured", "True GatewayAnswers", "True Reachable"],
  );
  isAlive = false;
  await host.clock.advance(60_000);
  const dead = await status();
  const { verdict, tunnel } = dead as unknown as StatusDocument;
  // The configuration of this daemon is in no file.
  assert.deepEqual(
    dead.rootCauses.filter((type) => type !== "ConfigValid"),
    ["TunnelUp"],
  );
  assert.equal(conditionsOf(dead).TunnelUp, "False GatewayAway");
  assert.equal(verdict.ready, true);
  assert.equal(host.spawned.length, 1, "kubelet was not started again");
  assert.ok((tunnel?.peerRestarts ?? 0) > 2);
  assert.ok(host.commands.some((command) => command.startsWith(`wg set es0 peer ${GATEWAY_KEY} remove peer`)));
});
