import assert from "node:assert/strict";
import { test } from "node:test";
import { nextPrefix } from "../../../agent/admin/gateway/pod-prefixes.ts";

test("the lowest block that overlaps none is free, whatever the size and the order of those that are taken", () => {
  const network = "10.250.16.0/20";
  assert.equal(nextPrefix(network, []), "10.250.16.0/25");
  assert.equal(nextPrefix(network, ["10.250.16.128/25", "10.250.16.0/25"]), "10.250.17.0/25");
  assert.equal(nextPrefix(network, ["10.250.16.128/28"]), "10.250.16.0/25");
  assert.equal(nextPrefix(network, ["10.250.16.64/28", "10.250.16.200/29"]), "10.250.17.0/25");
  assert.equal(nextPrefix(network, ["10.250.16.0/23"]), "10.250.18.0/25");
  assert.equal(nextPrefix(network, ["10.250.16.0/24", "10.250.16.0/25"]), "10.250.17.0/25", "a smaller one within");
  assert.equal(nextPrefix(network, ["10.0.0.0/24", "192.168.0.0/16"]), "10.250.16.0/25", "others lie outside");
});

test("a network that is smaller than a block is given whole; a full one has none", () => {
  assert.equal(nextPrefix("10.250.16.0/27", []), "10.250.16.0/27");
  assert.equal(nextPrefix("10.250.16.0/27", ["10.250.16.8/32"]), undefined);
  assert.equal(nextPrefix("10.250.16.0/24", ["10.250.16.0/25", "10.250.16.128/25"]), undefined);
  assert.equal(nextPrefix("10.250.16.0/24", ["10.0.0.0/8"]), undefined);
});

test("the largest network and as many nodes as a ConfigMap holds take no time", () => {
  const taken = Array.from(
    { length: 5000 },
    (_, index) => `10.${index >> 9}.${(index >> 1) & 255}.${(index & 1) * 128}/25`,
  );
  assert.equal(nextPrefix("10.0.0.0/8", taken), "10.9.196.0/25");
});
