import assert from "node:assert/strict";
import { test } from "node:test";
import { planRouteChanges, type SeenRoute } from "../../../agent/gateway/peers/route-changes.ts";

const WHERE = { device: "esgw0", source: "10.20.1.5" };
const NODES = { network: "10.250.0.0/24" };
const SEEN: SeenRoute = { dst: "10.250.0.0/24", prefsrc: "10.20.1.5" };

test("routes that are there are not named, whether of a network or of a node whose packets are smaller", () => {
  const small: SeenRoute = { dst: "10.250.0.11", prefsrc: "10.20.1.5", metrics: [{ mtu: 1360 }] };
  const wanted = [NODES, { network: "10.250.0.11/32", mtu: 1360 }];
  assert.deepEqual(planRouteChanges([SEEN, small], wanted, WHERE), []);
});

test("another size, another source and a missing route are replaced; what is wanted no more is deleted", () => {
  const seen: readonly SeenRoute[] = [
    { ...SEEN, prefsrc: "10.20.9.9" },
    { dst: "10.250.0.11", prefsrc: "10.20.1.5", metrics: [{ mtu: 1360 }] },
    { dst: "10.250.0.12", prefsrc: "10.20.1.5", metrics: [{ mtu: 1360 }] },
  ];
  const wanted = [NODES, { network: "10.250.0.11/32", mtu: 1328 }, { network: "10.251.0.0/25", mtu: 1328 }];
  assert.deepEqual(planRouteChanges(seen, wanted, WHERE), [
    "route replace 10.250.0.0/24 dev esgw0 src 10.20.1.5",
    "route replace 10.250.0.11 dev esgw0 mtu 1328 src 10.20.1.5",
    "route replace 10.251.0.0/25 dev esgw0 mtu 1328 src 10.20.1.5",
    "route del 10.250.0.12 dev esgw0",
  ]);
});

test("a size that a network has and is to have no more is taken from it", () => {
  const seen = [{ ...SEEN, metrics: [{ mtu: 1360 }] }];
  assert.deepEqual(planRouteChanges(seen, [NODES], WHERE), ["route replace 10.250.0.0/24 dev esgw0 src 10.20.1.5"]);
});
