import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptPlan } from "../../agent/apply/kept-plan.ts";
import { parseToml } from "../../agent/facts/containerd.ts";
import { planNode } from "../../agent/plan/node-plan.ts";
import { sampleConfig, sampleFacts } from "../fakes/samples.ts";

const TOML = "version = 2\noom_score = 7\n";
const read = () => ({
  ...sampleFacts(),
  containerd: { version: "1.7.24", config: { kind: "parsed" as const, text: TOML, table: parseToml(TOML) } },
});

test("the same facts, read anew, are not planned anew", () => {
  const kept = new KeptPlan(sampleConfig());
  const plan = kept.plan(read());
  assert.equal(kept.plan({ ...read(), ...{ gaps: [new Error("no fact of the plan's")] } }), plan);
  assert.deepEqual(plan, planNode(sampleConfig(), read()));
});

test("every fact that is another one is planned, and so is the first one when it is back", () => {
  const config = sampleConfig();
  const kept = new KeptPlan(config);
  const facts = read();
  const changed = [
    { ...facts, kubeletVersion: "1.34.1" },
    { ...facts, cluster: undefined },
    { ...facts, machine: { ...facts.machine, hasSystemdResolved: !facts.machine.hasSystemdResolved } },
    { ...facts, machine: { ...facts.machine, isSystemd: !facts.machine.isSystemd } },
    { ...facts, containerd: { ...facts.containerd, config: { kind: "absent" as const } } },
    { ...facts, tunnel: { kind: "waiting" as const } },
    { ...facts, dns: { nameServers: ["192.0.2.53"], askers: 1 } },
  ];
  for (const other of changed) {
    assert.deepEqual(kept.plan(facts), planNode(config, facts));
    assert.deepEqual(kept.plan(other), planNode(config, other));
    assert.notDeepEqual(planNode(config, other), planNode(config, facts));
  }
});
