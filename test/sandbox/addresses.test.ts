import assert from "node:assert/strict";
import { test } from "node:test";
import { addressesOf, awsNames, maxSlots, renderHosts } from "./addresses.ts";

const everyAddress = (slot: number) => {
  const { control, api, aws, node, uplink, access } = addressesOf(slot);
  return [control, api, aws, node, uplink.host, uplink.inside, access.host, access.inside];
};

test("no two sandboxes share an address", () => {
  const all = Array.from({ length: maxSlots }, (_, slot) => everyAddress(slot)).flat();
  assert.equal(new Set(all).size, all.length);
});

test("each end of a link with the host lies in the same /30 as the other", () => {
  const network = (address: string) => Number(address.split(".")[3]) >> 2;
  for (const { host, inside } of [addressesOf(7).uplink, addressesOf(7).access]) {
    assert.equal(network(host), network(inside));
  }
});

test("interface names fit the kernel's limit of 15 characters", () => {
  const { uplink, access } = addressesOf(maxSlots - 1);
  assert.ok(uplink.hostInterface.length <= 15 && access.hostInterface.length <= 15);
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
