import assert from "node:assert/strict";
import { test } from "node:test";
import type { MachineFacts } from "../../agent/facts/machine.ts";
import { SteadyFacts } from "../../agent/facts/steady-facts.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";
import { sampleFacts } from "../fakes/samples.ts";

const OWN = { interface: "eth0", address: "192.0.2.10", family: "IPv4" } as const;
const OTHER = { interface: "eth0", address: "192.0.2.77", family: "IPv4" } as const;
const DOCKER = { interface: "docker0", address: "172.17.0.1", family: "IPv4" } as const;
const WIRELESS = { interface: "wlan0", address: "198.51.100.5", family: "IPv4" } as const;

/** Rounds of a machine with a routed address, a GPU, systemd-resolved and the provider, of which each changes something. */
function setUp() {
  const clock = new MemoryClock();
  const steady = new SteadyFacts(clock);
  const facts = { ...sampleFacts(), gaps: [] };
  const machine: MachineFacts = {
    ...facts.machine,
    ...{ addresses: [OWN, DOCKER], defaultInterface: "eth0", primaryIpv4: OWN.address },
    ...{ hasGpu: true, hasSystemdResolved: true, hasEcrCredentialProvider: true },
  };
  const round = (changes: Partial<MachineFacts> = {}) =>
    steady.steady({ ...facts, machine: { ...machine, ...changes } }).machine;
  round();
  return { clock, round };
}

test("an address whose lease ran out stays kubelet's, whatever other addresses are left", () => {
  const { round } = setUp();
  const noRoute = { defaultInterface: undefined };
  for (const changes of [
    { addresses: [DOCKER], primaryIpv4: undefined, ...noRoute },
    { addresses: [DOCKER, WIRELESS], primaryIpv4: WIRELESS.address, ...noRoute },
    { addresses: [], primaryIpv4: undefined },
  ])
    assert.equal(round(changes).primaryIpv4, OWN.address);
  assert.equal(round().primaryIpv4, OWN.address, "it is back");
});

test("another address on the interface of the default route takes its place", () => {
  const { round } = setUp();
  assert.equal(round({ addresses: [OTHER, DOCKER], primaryIpv4: OTHER.address }).primaryIpv4, OTHER.address);
});

test("a default route that moves, as to a VPN, moves no address that the machine still has", () => {
  const { round } = setUp();
  const moved = { addresses: [OWN, WIRELESS], defaultInterface: "wlan0", primaryIpv4: WIRELESS.address };
  assert.equal(round(moved).primaryIpv4, OWN.address);
});

test("a GPU that is gone stays a GPU of kubelet's flags", () => {
  const { round } = setUp();
  assert.equal(round({ hasGpu: false }).hasGpu, true);
  assert.equal(round({ hasGpu: false }).hasGpu, true);
});

test("systemd-resolved and ecr-credential-provider must be gone for five minutes, and are back at once", () => {
  for (const fact of ["hasSystemdResolved", "hasEcrCredentialProvider"] as const) {
    const { clock, round } = setUp();
    assert.equal(round({ [fact]: false })[fact], true);
    clock.set(3_600_000);
    clock.jump(299_000);
    assert.equal(round({ [fact]: false })[fact], true);
    clock.jump(1000);
    assert.equal(round({ [fact]: false })[fact], false);
    assert.equal(round()[fact], true);
    assert.equal(round({ [fact]: false })[fact], true, "another five minutes");
  }
});

test("name servers stay while the file that names them is away: other ones would empty a cache for names", () => {
  const steady = new SteadyFacts(new MemoryClock());
  const round = (nameServers: readonly string[]) =>
    steady.steady({ ...sampleFacts(), gaps: [], dns: { nameServers, askers: 0 } }).dns?.nameServers;
  assert.deepEqual(round(["192.0.2.53"]), ["192.0.2.53"]);
  assert.deepEqual(round([]), ["192.0.2.53"]);
  assert.deepEqual(round(["192.0.2.54"]), ["192.0.2.54"]);
});
