import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseCarrier, type GatewayPulse, type Role } from "../../../agent/network/carrier/choice.ts";

/** A gateway that answers with a role, or has been silent for so many knocks. */
function pulse(name: string, said: Role | number, answers = 100): GatewayPulse {
  return typeof said === "number"
    ? { name, role: undefined, misses: said, answers: 0, isThere: false, holderMs: 0 }
    : { name, role: said, misses: 0, answers, isThere: true, holderMs: said === "holder" ? 60_000 : 0 };
}

const choose = (one: Role | number, other: Role | number, current: string | undefined) =>
  chooseCarrier([pulse("A", one), pulse("B", other)], current);

test("the gateway that the VPC's routes lead to carries, whatever the other one says", () => {
  assert.equal(choose("standby", "holder", "A"), "B");
  assert.equal(choose("holder", "standby", "B"), "A");
  assert.equal(choose(5, "holder", "A"), "B");
  assert.equal(choose("unknown", "holder", "A"), "B");
  assert.equal(choose("standby", "holder", undefined), "B");
});

test("a gateway that is there carries on until the VPC's routes lead to the other one for sure; a silent one does not", () => {
  const fresh = { ...pulse("B", "holder"), holderMs: 2900 };
  assert.equal(chooseCarrier([pulse("A", "standby"), fresh], "A"), "A");
  assert.equal(chooseCarrier([{ ...pulse("A", 1), isThere: true }, fresh], "A"), "A", "its service restarts");
  assert.equal(chooseCarrier([pulse("A", 1), fresh], "A"), "B");
  assert.equal(chooseCarrier([pulse("A", "standby"), { ...fresh, holderMs: 3000 }], "A"), "B");
});

test("of two that say so the one that carries goes on: one of them is about to learn better", () => {
  assert.equal(choose("holder", "holder", "A"), "A");
  assert.equal(choose("holder", "holder", "B"), "B");
});

test("a gateway that stands by is not taken, however long the other one is silent: the VPC's routes do not lead there", () => {
  assert.equal(choose(50, "standby", "A"), "A");
  assert.equal(choose("standby", "standby", "B"), "B");
  assert.equal(choose(50, 50, "B"), "B");
});

test("gateways that say nothing of routes are taken in their order, and a lost packet changes nothing", () => {
  assert.equal(choose(1, "unknown", "A"), "A");
  assert.equal(choose(2, "unknown", "A"), "B");
  assert.equal(choose("unknown", "unknown", "B"), "A", "the first one is back");
  assert.equal(chooseCarrier([pulse("A", "unknown", 2), pulse("B", "unknown")], "B"), "B", "not for long enough");
});

test("one gateway alone is the choice, and without any there is none", () => {
  assert.equal(chooseCarrier([pulse("A", 9)], undefined), "A");
  assert.equal(chooseCarrier([], "A"), undefined);
});
