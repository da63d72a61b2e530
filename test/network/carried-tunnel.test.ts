import assert from "node:assert/strict";
import { test } from "node:test";
import { carriedTunnel, carryingFirst } from "../../agent/network/carried-tunnel.ts";
import { planTunnel } from "../../agent/plan/tunnel/tunnel-plan.ts";
import { sampleConfig, sampleGateway, sampleTunnel } from "../fakes/samples.ts";

const [ONE, TWO] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString("base64")) as [string, string];

/** Two gateways, of which this one carries the traffic. */
function carriedBy(carrier: string | undefined) {
  const gateways = [
    sampleGateway({ name: "one", publicKey: ONE, address: "10.20.1.5" }),
    sampleGateway({
      name: "two",
      publicKey: TWO,
      address: "10.20.2.5",
      endpoint: "198.51.100.6:51820",
      resolved: "198.51.100.6:51820",
    }),
  ];
  const wanted = sampleTunnel({ gateways, carrier });
  const links = planTunnel(sampleConfig(), wanted).filter((resource) => resource.kind === "tunnel");
  return carriedTunnel({ wanted, links });
}

test("the interface and the gateway that carry the traffic come first, whichever they are", () => {
  for (const [carrier, name, addresses] of [
    [undefined, "es0", ["10.20.1.5", "10.20.2.5"]],
    ["one", "es0", ["10.20.1.5", "10.20.2.5"]],
    ["two", "es1", ["10.20.2.5", "10.20.1.5"]],
  ] as const) {
    const tunnel = carriedBy(carrier);
    assert.ok(tunnel);
    assert.equal(tunnel.resource.interface, name);
    assert.deepEqual(
      carryingFirst(tunnel).map(({ address }) => address),
      addresses,
    );
  }
  assert.equal(carriedTunnel(undefined), undefined);
});
