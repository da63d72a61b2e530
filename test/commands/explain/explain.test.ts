import assert from "node:assert/strict";
import { test } from "node:test";
import { explainCommand } from "../../../agent/commands/explain/explain.ts";
import { describe } from "../../../agent/errors.ts";

async function explain(names: readonly string[], output: "text" | "json" = "text"): Promise<string> {
  const printed: string[] = [];
  await explainCommand(names, output, (text) => void printed.push(text));
  return printed.join("");
}

test("a reason is explained without a machine, a daemon or a network", async () => {
  const text = await explain(["GatewayAway"]);
  assert.match(text, /^GatewayAway \(reason/);
  assert.match(text, /What to do:\n.*gateway/);
  assert.match(text, /Whom to ask:\n/);
});

test("several names are explained one after the other, each once", async () => {
  const text = await explain(["TunnelUp", "xid", "79", "dns", "tunnelup"]);
  assert.deepEqual(text.match(/^\S+ \(\w+/gm), ["TunnelUp (condition", "79 (xid", "dns (check"]);
});

test("without a name every name is listed", async () => {
  const text = await explain([]);
  for (const name of ["TunnelUp", "GatewayAway", "kubeconfig-unusable", "cluster-dns", "Repaired", "176"])
    assert.ok(text.split(/\s+/).includes(name), name);
});

test("as JSON an explanation has the same parts, and the list its kinds", async () => {
  const { explanations } = JSON.parse(await explain(["ClockSkewed"], "json"));
  assert.deepEqual([explanations.length, explanations[0].kind, explanations[0].name], [1, "reason", "ClockSkewed"]);
  assert.match(explanations[0].todo, /timedatectl/);
  const list = JSON.parse(await explain([], "json"));
  assert.deepEqual(Object.keys(list), ["condition", "reason", "error", "check", "event", "xid"]);
});

test("a name that is not known is an error with the nearest one", async () => {
  await assert.rejects(explain(["TunelUp"]), (error) => /Did you mean TunnelUp\?/.test(describe(error).hint ?? ""));
});
