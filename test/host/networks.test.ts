import assert from "node:assert/strict";
import { test } from "node:test";
import { isInNetworks } from "../../agent/host/networks.ts";

for (const [address, networks, expected] of [
  ["10.1.2.3", ["10.0.0.0/8"], true],
  ["10.1.2.3", ["10.1.2.3"], true],
  ["10.1.2.3", ["192.168.0.0/16", "10.1.2.0/30"], true],
  ["10.1.2.3", ["10.1.2.4/30"], false],
  ["10.1.2.3", ["0.0.0.0/0"], true],
  ["10.1.2.3", [], false],
  ["10.1.2.3", ["10.0.0.0/33", "10.0.0.0/x", "nonsense", "", "2001:db8::/32"], false],
  ["2001:db8::1", ["2001:db8::/32"], false],
  ["nonsense", ["0.0.0.0/0"], false],
] as const)
  test(`${address} is ${expected ? "" : "not "}in [${networks.join(", ")}]`, () =>
    assert.equal(isInNetworks(address, networks), expected));
