import assert from "node:assert/strict";
import { test } from "node:test";
import { watchedTunnels } from "../../../agent/network/watch/watched-tunnel.ts";
import { planTunnel } from "../../../agent/plan/tunnel/tunnel-plan.ts";
import { sampleConfig, sampleGateway, sampleTunnel } from "../../fakes/samples.ts";

function watched(gateways = [sampleGateway()]) {
  const wanted = sampleTunnel({ gateways });
  const links = planTunnel(sampleConfig(), wanted).filter((resource) => resource.kind === "tunnel");
  return watchedTunnels({ wanted, links });
}

test("the gateway that carries the traffic is watched", () => {
  assert.deepEqual(watched()[0], {
    interface: "es0",
    address: "10.250.0.11",
    gateway: sampleGateway(),
    vpcCidrs: ["10.20.0.0/16"],
  });
  const gateways = [sampleGateway({ resolved: undefined }), sampleGateway({ publicKey: "B", name: "gw-2" })];
  assert.equal(watched(gateways)[0]?.gateway.publicKey, "B");
});

test("without a tunnel, or without a gateway that can be a peer, there is nothing to watch", () => {
  assert.deepEqual(watchedTunnels(undefined), []);
  assert.deepEqual(watched([]), []);
});
