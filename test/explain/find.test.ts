import assert from "node:assert/strict";
import { test } from "node:test";
import { describe } from "../../agent/errors.ts";
import { listExplanations } from "../../agent/explain/catalogue.ts";
import { findExplanations } from "../../agent/explain/find.ts";
import { TEXTS } from "../../agent/explain/texts.ts";

const all = listExplanations({ ...TEXTS, checks: [] });

const WORDS: readonly (readonly [word: string, found: readonly string[]])[] = [
  ["GatewayAway", ["GatewayAway"]],
  ["gatewayaway", ["GatewayAway"]],
  ["gateway-away", ["GatewayAway"]],
  ["cluster-not-found", ["ClusterNotFound"]],
  ["79", ["79"]],
  ["xid 79", ["79"]],
  ["gpu-xid-79", ["79"]],
  ["GpuXid31", ["GpuXid", "31"]],
  ["NvswitchSxid20034", ["NvswitchSxid"]],
  ["sxid 20034", ["NvswitchSxid"]],
  ["EACCES", ["Unexpected"]],
  // A condition, a reason of it, and an event may share a name.
  ["CordonedForGpu", ["CordonedForGpu", "CordonedForGpu"]],
];
for (const [word, names] of WORDS)
  test(`${word} means ${names.join(" and ")}`, () => {
    assert.deepEqual(
      findExplanations(word, all).map(({ name }) => name),
      names,
    );
  });

const UNKNOWN: readonly (readonly [word: string, nearest: string])[] = [
  ["GatewayAwy", "Did you mean GatewayAway?"],
  ["cluster-not-fond", "Did you mean cluster-not-found?"],
];
for (const [word, nearest] of UNKNOWN)
  test(`${word} is refused with the nearest name`, () => {
    assert.throws(
      () => findExplanations(word, all),
      (error) => describe(error).code === "explain-unknown" && (describe(error).hint ?? "").startsWith(nearest),
    );
  });

test("a word of any length and kind is refused in one short line", () => {
  for (const word of ["x".repeat(1e6), "…", "", "9".repeat(500), "xid", `xid ${"7".repeat(9)}`])
    assert.throws(
      () => findExplanations(word, all),
      (error) => describe(error).message.length < 200,
      word.slice(0, 20),
    );
});
