import assert from "node:assert/strict";
import { test } from "node:test";
import { readKnownTunnel } from "../../../agent/network/watch/known-tunnel.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { sampleConfig } from "../../fakes/samples.ts";
import { GATEWAY_KEY, OWN_KEY } from "./samples.ts";

const known = (more: string, host = new MemoryHost()) => readKnownTunnel(host, sampleConfig(more));

test("a static tunnel is the configuration's, with its first gateway; with mode off there is none", async () => {
  const gateway = (number: number) =>
    `{ publicKey: ${number === 5 ? GATEWAY_KEY : OWN_KEY}, endpoint: "198.51.100.${number}:51820", address: 10.20.1.${number} }`;
  const tunnel = `{ mode: static, address: 10.250.0.11, vpcCidrs: [10.20.0.0/16], gateways: [${gateway(5)}, ${gateway(6)}] }`;
  const found = await known(`network: { tunnel: ${tunnel} }`);
  assert.ok(typeof found === "object");
  const [{ gateway: first, ...rest }, second] = found;
  assert.deepEqual([second?.interface, second?.gateway.address], ["es1", "10.20.1.6"]);
  assert.deepEqual(rest, { interface: "es0", address: "10.250.0.11", vpcCidrs: ["10.20.0.0/16"] });
  assert.deepEqual([first.endpoint, first.address, first.peers], ["198.51.100.5:51820", "10.20.1.5", undefined]);
  assert.equal(await known("network: { tunnel: { mode: off } }"), "none");
});

const saved = (changes: object) => {
  const host = new MemoryHost();
  const gateway = {
    name: "demo",
    publicKey: GATEWAY_KEY,
    address: "10.20.1.5",
    mtu: 1420,
    peers: { "gpu-1": GATEWAY_KEY },
  };
  const entry = {
    ...{
      address: "10.250.0.11",
      pods: [],
      vpcCidrs: ["10.20.0.0/16"],
      remoteNetworks: [],
      serviceCidr: "10.100.0.0/16",
    },
    gateways: [
      { ...gateway, endpoint: "gone.example:51820" },
      { ...gateway, endpoint: "gw.example:51820" },
    ],
  };
  const document = {
    ...{ version: 1, cluster: "us-west-2/demo", node: "gpu-1", entry },
    ...{ resolved: { "gw.example:51820": "198.51.100.5:51820" }, ...changes },
  };
  host.files.put("/var/lib/eks-satellite/network.json", JSON.stringify(document));
  return known("", host);
};

test("what the daemon has kept of the cluster's word names the first gateway that has an address, with the keys it accepts", async () => {
  const known = await saved({});
  assert.ok(typeof known === "object");
  const [tunnel] = known;
  assert.deepEqual([tunnel.address, tunnel.gateway.endpoint], ["10.250.0.11", "gw.example:51820"]);
  assert.deepEqual(tunnel.gateway.peers, { "gpu-1": GATEWAY_KEY });
});

test("no entry, no gateway with an address, and the entry of another node have reasons of their own", async () => {
  assert.equal(await saved({ entry: null }), "none");
  assert.equal(await saved({ resolved: {} }), "gateway-missing");
  assert.equal(await saved({ node: "gpu-2" }), "unknown");
});

test("what the cluster has is unknown before it was asked", async () => {
  assert.equal(await known(""), "unknown");
});
