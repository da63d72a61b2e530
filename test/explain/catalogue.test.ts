import assert from "node:assert/strict";
import { test } from "node:test";
import { CONDITION_TYPES } from "../../agent/board/condition-types.ts";
import { CHECKS } from "../../agent/commands/check.ts";
import { listExplanations } from "../../agent/explain/catalogue.ts";
import { findExplanations } from "../../agent/explain/find.ts";
import { TEXTS } from "../../agent/explain/texts.ts";
import { XIDS } from "../../agent/xid/xid-catalogue.ts";
import { readCodes, readReasons } from "../docs/reasons.ts";

const all = listExplanations(TEXTS);
const of = (kind: string) => all.filter((each) => each.kind === kind).map(({ name }) => name);

test("every condition, check and Xid has an explanation", () => {
  assert.deepEqual(of("condition"), [...CONDITION_TYPES]);
  assert.deepEqual(
    of("check"),
    CHECKS.map(({ name }) => name),
  );
  assert.deepEqual(of("xid"), Object.keys(XIDS));
});

test("every reason that a condition may have, and every code of an error, is found", () => {
  const words = [...readReasons(), ...readCodes(), ...TEXTS.errors.map(({ code }) => code)];
  assert.ok(words.length > 500);
  // The words of an event or of a fault of GPUs stand with a number.
  for (const word of words) assert.ok(findExplanations(word, all).length > 0, word);
});

test("every name that an explanation refers to has one itself", () => {
  for (const { see } of all) for (const name of see) assert.ok(findExplanations(name, all).length > 0, name);
});

test("a reason says where it stands, what to do, whom to ask, and in which words the program reports it", () => {
  const [found] = findExplanations("ClusterNotFound", all);
  assert.deepEqual(
    [found?.kind, found?.aliases, found?.details],
    ["reason", ["cluster-not-found"], ["A reason of ClusterDescribed, ClusterKnown."]],
  );
  assert.match(found?.ask ?? "", /administrator of the cluster/);
  assert.ok(found?.wordings.some(({ message }) => message === "there is no cluster NAME in REGION"));
});

test("a condition says what explains it, and which reasons it may have", () => {
  const [found] = findExplanations("TunnelUp", all);
  assert.ok(found?.see.includes("GatewayAway"));
  assert.ok(found?.details.some((line) => line.includes("TunnelConfigured, DnsWorking, ClockInSync")));
});

test("a check leads to the reasons whose page names it", () => {
  const [found] = findExplanations("gpu-runtime", all);
  assert.equal(found?.more, "`eks-satellite check --only gpu-runtime`");
  assert.deepEqual(found?.see, ["NvidiaRuntimeMissing"]);
});

test("an error that no condition shows has its own words", () => {
  const [found] = findExplanations("kubeconfig-unusable", all);
  assert.equal(found?.kind, "error");
  assert.ok((found?.wordings.length ?? 0) > 0);
});
