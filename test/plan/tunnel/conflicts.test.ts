import assert from "node:assert/strict";
import { test } from "node:test";
import type { Surroundings, WantedTunnel } from "../../../agent/facts/tunnel/tunnel-facts.ts";
import { findConflict } from "../../../agent/plan/tunnel/conflicts.ts";
import { sampleGateway, sampleSurroundings, sampleTunnel } from "../../fakes/samples.ts";

const problemOf = (tunnel: Partial<WantedTunnel>, around: Partial<Surroundings> = {}) => {
  const problem = findConflict(sampleTunnel(tunnel), sampleSurroundings(around));
  return problem === undefined ? undefined : `${problem.code}: ${problem.message}`;
};

test("a machine behind a home router with Docker may have a tunnel", () => {
  assert.equal(problemOf({}), undefined);
});

const REFUSED: Readonly<Record<string, readonly [Partial<WantedTunnel>, Partial<Surroundings>, string]>> = {
  "the VPC has the LAN's network": [
    { vpcCidrs: ["192.0.0.0/16"] },
    {},
    "address-conflict: the VPC's network 192.0.0.0/16 behind the tunnel and the route 192.0.2.0/24 of eth0 overlap",
  ],
  "a route of the machine holds the whole VPC": [
    {},
    { routes: [{ destination: "10.0.0.0/8", interface: "tun0" }] },
    "address-conflict: the VPC's network 10.20.0.0/16 behind the tunnel and the route 10.0.0.0/8 of tun0 overlap",
  ],
  "the VPC has Docker's network": [
    { vpcCidrs: ["10.20.0.0/16", "172.16.0.0/12"] },
    {},
    "address-conflict: the VPC's network 172.16.0.0/12 behind the tunnel and the route 172.17.0.0/16 of docker0 overlap",
  ],
  "Services have Docker's network": [
    { serviceCidr: "172.17.0.0/20" },
    {},
    "address-conflict: the Services' network 172.17.0.0/20 behind the tunnel and the route 172.17.0.0/16 of docker0 overlap",
  ],
  "an address of an interface without a route": [
    {},
    { addresses: [{ interface: "wlan0", address: "10.20.7.7" }] },
    "address-conflict: the VPC's network 10.20.0.0/16 behind the tunnel and the address 10.20.7.7 of wlan0 overlap",
  ],
  "the node's address is one of the LAN": [
    { address: "192.0.2.77" },
    {},
    "address-conflict: the node's address 192.0.2.77/32 behind the tunnel and the route 192.0.2.0/24 of eth0 overlap",
  ],
  "the node's address is the machine's own": [
    { address: "192.0.2.10" },
    {},
    "address-taken: the node's address in the tunnel, 192.0.2.10, is that of eth0 already",
  ],
  "the way out of the machine lies in the VPC": [
    { vpcCidrs: ["100.64.0.0/10"] },
    { defaultGateway: "100.64.0.1" },
    "address-conflict: the VPC's network 100.64.0.0/10 behind the tunnel and the machine's default gateway 100.64.0.1 overlap",
  ],
  "a name server lies in the VPC": [
    {},
    { nameServers: ["192.0.2.1", "10.20.0.2"] },
    "address-conflict: the VPC's network 10.20.0.0/16 behind the tunnel and the machine's name server 10.20.0.2 overlap",
  ],
  "the gateway's public address lies behind itself": [
    { gateways: [sampleGateway({ resolved: "10.20.1.5:51820" })] },
    {},
    "address-conflict: the VPC's network 10.20.0.0/16 behind the tunnel and the public address 10.20.1.5 of gateway gw-1 overlap",
  ],
};

for (const [what, [tunnel, around, message]] of Object.entries(REFUSED)) {
  test(`${what}: refused, and both are named`, () => {
    assert.equal(problemOf(tunnel, around), message);
  });
}

test("routes of the node's own pods are a CNI plugin's, and the node's address on lo is its own", () => {
  const own = {
    routes: [{ destination: "10.251.16.7/32", interface: "cali1" }],
    addresses: [{ interface: "lo", address: "10.250.0.11" }],
  };
  const networks = { pods: ["10.251.16.0/24"], remoteNetworks: ["10.250.0.0/24", "10.251.0.0/16"] };
  assert.equal(problemOf(networks, own), undefined);
  assert.match(problemOf({ ...networks, pods: [] }, own) ?? "", /remote network 10\.251\.0\.0\/16 .* of cali1/);
});

test("pods that run take no tunnel away when their entry gets another network; a network on such a link is a conflict", () => {
  const networks = { pods: [], remoteNetworks: ["10.250.0.0/20", "10.250.16.0/20"] };
  const link = "veth0a1b2c3d";
  const pod = { destination: "10.250.16.2/32", interface: link };
  const addresses = [{ interface: link, address: "10.250.16.1" }];
  assert.equal(problemOf(networks, { routes: [pod], addresses }), undefined);
  const whole = { destination: "10.250.16.0/25", interface: link };
  assert.match(problemOf(networks, { routes: [whole] }) ?? "", /10\.250\.16\.0\/25 of veth0a1b2c3d overlap/);
});

test("a gateway of IPv6, or one whose name has no address yet, swallows nothing", () => {
  const gateways = ["[2001:db8::1]:51820", undefined].map((resolved) => sampleGateway({ resolved }));
  assert.equal(problemOf({ gateways }), undefined);
});
