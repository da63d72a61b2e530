import assert from "node:assert/strict";
import { test } from "node:test";
import { addressesOf, awsNames, maxSlots, renderHosts } from "./addresses.ts";
import type { NetworkKind } from "./state.ts";
import { vpcAddressesOf } from "./vpc/addresses.ts";
import { fabricPort } from "./vpc/attach.ts";

const everyAddress = (slot: number, network: NetworkKind) => {
  const { control, api, aws, node, uplink, access, vpc } = addressesOf(slot, network);
  const common = [control, api, aws, node, uplink.host, uplink.inside, access.host, access.inside];
  if (!vpc) return common;
  const { wayOut, natPublic, provider, gateway, lanRouter, lanOthers } = vpc;
  const inner = [...Object.values(gateway), lanRouter, ...lanOthers];
  return [...common, wayOut.host, wayOut.inside, ...natPublic, provider, ...inner];
};

for (const network of ["direct", "vpc"] as const) {
  test(`no two sandboxes share an address: ${network}`, () => {
    const all = Array.from({ length: maxSlots }, (_, slot) => everyAddress(slot, network)).flat();
    assert.equal(new Set(all).size, all.length);
    assert.ok(all.every((address) => address.split(".").every((byte) => Number(byte) < 255)));
  });
}

test("each end of a link with the host lies in the same /30 as the other", () => {
  const network = (address: string) => Number(address.split(".")[3]) >> 2;
  const { uplink, access } = addressesOf(7);
  for (const { host, inside } of [uplink, access, vpcAddressesOf(7).wayOut]) {
    assert.equal(network(host), network(inside));
  }
});

test("interface names fit the kernel's limit of 15 characters", () => {
  const { uplink, access } = addressesOf(maxSlots - 1);
  const { wayOut } = vpcAddressesOf(maxSlots - 1);
  const names = [uplink, access, wayOut].map(({ hostInterface }) => hostInterface);
  for (const name of [...names, fabricPort("eni-0123456789abcdef0")]) assert.ok(name.length <= 15, name);
});

test("a slot outside the range is refused with its value", () => {
  assert.throws(() => addressesOf(maxSlots), /sandbox slot 100 is not/);
  assert.throws(() => addressesOf(-1), RangeError);
});

test("the hosts file leads every AWS name to AWS and the endpoint to the API server", () => {
  const lines = renderHosts(addressesOf(3), "ABC", "satellite-1").split("\n");
  const aws = lines.find((line) => line.startsWith("10.213.3.3 ")) ?? "";
  for (const name of awsNames) assert.ok(aws.split(" ").includes(name), name);
  assert.ok(lines.includes("10.213.3.2 ABC.gr7.us-east-1.eks.amazonaws.com"));
});

test("the endpoint's name leads to the public address outside, and to the network interfaces inside the VPC", () => {
  const of = (place: "outside" | "in the VPC") =>
    renderHosts(addressesOf(3, "vpc"), "ABC", "a", place)
      .split("\n")
      .flatMap((line) => (line.includes(" ABC.gr7") ? (line.split(" ")[0] ?? []) : []));
  assert.deepEqual(of("outside"), ["198.18.3.2"]);
  assert.deepEqual(of("in the VPC"), ["10.0.1.10", "10.0.2.10"]);
});
