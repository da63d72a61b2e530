import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterDnsAddress, firstServiceAddress } from "../../agent/plan/cluster-dns.ts";

const ADDRESSES = {
  "10.100.0.0/16": "10.100.0.10",
  "172.20.0.0/16": "172.20.0.10",
  "10.100.5.7/16": "10.100.0.10",
  "192.168.255.240/28": "192.168.255.250",
  "10.96.0.16/28": "10.96.0.26",
  "0.0.0.0/0": "0.0.0.10",
  "fd12:3456:789a::/108": "fd12:3456:789a::a",
  "fd30:1c53:5f8a::/112": "fd30:1c53:5f8a::a",
  "fd12::fff0/124": "fd12::fffa",
};

for (const [cidr, address] of Object.entries(ADDRESSES)) {
  test(`the DNS service of ${cidr} is at ${address}`, () => {
    assert.equal(clusterDnsAddress(cidr), address);
  });
}

for (const cidr of ["10.100.0.0/29", "10.0.0.0/32", "fd12::/125", "10.100.0.0", "", "10.100.0.0/33", "banana/8"]) {
  test(`${JSON.stringify(cidr)} has no room for a DNS address`, () => {
    assert.throws(() => clusterDnsAddress(cidr), { code: "service-cidr-invalid", hint: /describe-cluster/ });
  });
}

test("the API server's Service has the first address", () => {
  assert.equal(firstServiceAddress("172.20.0.0/16"), "172.20.0.1");
  assert.equal(firstServiceAddress("fd12:3456:789a::/108"), "fd12:3456:789a::1");
});
