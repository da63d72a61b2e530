// Arithmetic of networks, and the reasons for which one is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  findFreeNetworks,
  isAssignable,
  isPrivate,
  isWithin,
  nextAddress,
  overlap,
} from "../../../agent/admin/gateway/networks.ts";
import { isNetwork } from "../../../agent/tunnel/entries.ts";

test("networks overlap when they have an address in common", () => {
  assert.ok(overlap("10.0.0.0/8", "10.250.0.0/20"));
  assert.ok(overlap("10.250.0.0/20", "10.250.15.255/32"));
  assert.ok(!overlap("10.250.0.0/20", "10.250.16.0/20"));
  assert.ok(overlap("0.0.0.0/0", "192.168.0.0/16"));
  assert.ok(!overlap("fd00::/8", "10.0.0.0/8"), "another family");
  assert.ok(!overlap("pl-1", "10.0.0.0/8"), "no network at all");
  assert.ok(isWithin("10.0.0.1", "10.0.0.0/31") && !isWithin("10.0.0.2", "10.0.0.0/31"));
  assert.ok(isPrivate("172.31.0.0/16") && !isPrivate("172.32.0.0/16") && !isPrivate("100.64.0.0/16"));
  assert.ok(!isPrivate("10.0.0.0/7"), "larger than the private range");
  assert.deepEqual(["10.0.0.0/8", "10.0.0.1/8", "10.0.0/8", "a"].map(isNetwork), [true, false, false, false]);
});

test("the first free block is proposed, and another when it is taken", () => {
  assert.deepEqual(findFreeNetworks([]), { nodes: "10.250.0.0/20", pods: "10.250.16.0/20" });
  assert.equal(findFreeNetworks(["10.250.0.0/15"])?.nodes, "10.252.0.0/20");
  assert.equal(findFreeNetworks(["10.0.0.0/8"])?.nodes, "172.31.0.0/20");
  assert.equal(findFreeNetworks(["10.0.0.0/8", "172.16.0.0/12"]), undefined);
});

test("addresses are given from the third on; the gateway's, the network's and broadcast never", () => {
  const network = "10.250.0.0/29";
  assert.equal(nextAddress(network, []), "10.250.0.2");
  assert.equal(nextAddress(network, ["10.250.0.2", "10.250.0.4"]), "10.250.0.3");
  const all = Array.from({ length: 5 }, (_, index) => `10.250.0.${index + 2}`);
  assert.equal(nextAddress(network, all), undefined, "full");
  assert.equal(
    nextAddress(
      "10.250.0.0/20",
      Array.from({ length: 254 }, (_, index) => `10.250.0.${index + 2}`),
    ),
    "10.250.1.0",
  );
  assert.deepEqual(
    [0, 1, 2, 6, 7].map((last) => isAssignable(`10.250.0.${last}`, network)),
    [false, false, true, true, false],
  );
  assert.ok(!isAssignable("10.250.0.8", network));
});
