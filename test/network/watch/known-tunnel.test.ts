import assert from "node:assert/strict";
import { test } from "node:test";
import { readKnownTunnel } from "../../../agent/network/watch/known-tunnel.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { sampleConfig } from "../../fakes/samples.ts";
import { GATEWAY_KEY } from "./samples.ts";

const known = (more: string, host = new MemoryHost()) => readKnownTunnel(host, sampleConfig(more));

test("a static tunnel is the configuration's, with its first gateway; with mode off there is none", async () => {
  const gateway = (number: number) =>
    `{ publicKey: ${GATEWAY_KEY}, endpoint: "198.51.100.${number}:51820", address: 10.20.1.${number} }`;
  const tunnel = `{ mode: static, address: 10.250.0.11, vpcCidrs: [10.20.0.0/16], gateways: [${gateway(5)}, ${gateway(6)}] }`;
  assert.deepEqual(await known(`network: { tunnel: ${tunnel} }`), {
    ...{ interface: "es0", address: "10.250.0.11", vpcCidrs: ["10.20.0.0/16"] },
    gateway: { publicKey: GATEWAY_KEY, endpoint: "198.51.100.5:51820", address: "10.20.1.5" },
  });
  assert.equal(await known("network: { tunnel: { mode: off } }"), "none");
});

test("what the cluster has is unknown before it was asked", async () => {
  assert.equal(await known(""), "unknown");
});
