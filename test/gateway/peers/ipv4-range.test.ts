import assert from "node:assert/strict";
import { test } from "node:test";
import { isWithin, RangeTable, toRange } from "../../../agent/gateway/peers/ipv4-range.ts";

test("a network is the range from its first to its last address", () => {
  assert.deepEqual(toRange("10.0.0.0/8"), { first: 167_772_160, last: 184_549_375 });
  assert.deepEqual(toRange("255.255.255.255"), { first: 4_294_967_295, last: 4_294_967_295 });
  assert.deepEqual(toRange("0.0.0.0/0"), { first: 0, last: 4_294_967_295 });
  assert.ok(isWithin(toRange("10.250.0.128/25"), toRange("10.250.0.0/24")));
  assert.ok(!isWithin(toRange("10.250.0.0/23"), toRange("10.250.0.0/24")));
});

test("a table finds who has a part of a range, in whatever order the ranges came", () => {
  const table = new RangeTable();
  for (const network of ["10.0.2.0/24", "10.0.0.0/24", "10.0.9.0/24", "10.0.1.128/25"])
    table.add(toRange(network), network);
  const owner = (network: string) => table.ownerOf(toRange(network));
  assert.equal(owner("10.0.1.0/25"), undefined);
  assert.equal(owner("10.0.1.0/24"), "10.0.1.128/25");
  assert.equal(owner("10.0.0.255"), "10.0.0.0/24");
  assert.equal(owner("10.0.0.0/16"), "10.0.0.0/24");
  assert.equal(owner("10.0.3.0"), undefined);
  assert.equal(owner("10.0.10.0/24"), undefined);
});
