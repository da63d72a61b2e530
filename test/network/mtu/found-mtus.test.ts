import assert from "node:assert/strict";
import { test } from "node:test";
import { FoundMtus, withSizeProblem } from "../../../agent/network/mtu/found-mtus.ts";
import { entryOfConfig } from "../../../agent/network/tunnel-entry.ts";
import { sampleConfig } from "../../fakes/samples.ts";
import { STATIC_TUNNEL } from "../samples.ts";

const ENTRY = entryOfConfig(sampleConfig(STATIC_TUNNEL));

test("what was found is less than what the gateway says, or nothing", () => {
  const found = new FoundMtus();
  assert.deepEqual(found.applyTo(ENTRY), ENTRY);
  found.set("10.20.1.5", 1328);
  assert.equal(found.applyTo(ENTRY).gateways[0]?.mtu, 1328);
  const small = { ...ENTRY, gateways: ENTRY.gateways.map((gateway) => ({ ...gateway, mtu: 1300 })) };
  assert.equal(found.applyTo(small).gateways[0]?.mtu, 1300);
  found.set("10.20.1.5", undefined);
  assert.deepEqual(found.applyTo(ENTRY), ENTRY);
});

test("a gateway that is gone is forgotten", () => {
  const found = new FoundMtus();
  found.set("10.20.9.9", 1328);
  found.applyTo(ENTRY);
  assert.equal(found.of("10.20.9.9"), undefined);
});

test("a black hole is no answer, and another failure stays what it is", () => {
  const problem = { reason: "MtuBlackHole", message: "a test" };
  const up = { status: "True", reason: "GatewayAnswers", message: "" } as const;
  const away = { status: "False", reason: "GatewayAway", message: "" } as const;
  assert.deepEqual(withSizeProblem(up, undefined), up);
  assert.deepEqual(withSizeProblem(up, problem), { status: "False", ...problem });
  assert.deepEqual(withSizeProblem(away, problem), away);
});
