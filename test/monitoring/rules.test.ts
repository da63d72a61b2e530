// The alerts, run by promtool on series made from what a real daemon wrote: each fires in its fault, and none on a node that is well.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DOCUMENTATION_URL } from "../../agent/commands/help/help.ts";
import { readPage } from "../docs/markdown.ts";
import { checkRules, type Phase, type RuleTest, testRules, unlessPrometheus } from "./promtool.ts";
import { readAlerts } from "./rule-file.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";

const skip = unlessPrometheus;
const WELL: Phase = { says: "healthy", minutes: 30 };
const none = (...minutes: readonly number[]) => minutes.map((atMinute) => ({ atMinute, alerts: [] }));

const toTest = ({ alert, after, also = [], labels, annotations, phases, atMinute, severity }: Scenario): RuleTest => {
  const rule = readAlerts().find((one) => one.alert === alert);
  const exp = {
    labels: { node: "gpu-1", severity, ...labels },
    annotations: { ...annotations, runbook_url: rule?.annotations.runbook_url },
  };
  return {
    name: alert,
    phases,
    firing: [...none(...after), { atMinute, alerts: [alert, ...also].toSorted() }],
    questions: [{ atMinute, alert, fires: exp }],
  };
};

test("promtool finds nothing wrong in the rules", { skip }, async () => {
  assert.match(await checkRules(), new RegExp(`SUCCESS: ${readAlerts().length} rules found`));
});

test("every alert has a scenario, and its runbook is a heading of the troubleshooting page", () => {
  assert.deepEqual(
    readAlerts()
      .map(({ alert }) => alert)
      .toSorted(),
    SCENARIOS.map(({ alert }) => alert).toSorted(),
  );
  const anchors = readPage("docs/troubleshooting/README.md").headings.map(({ anchor }) => anchor);
  for (const { alert, annotations } of readAlerts()) {
    const [page, anchor = ""] = annotations.runbook_url.split("#");
    assert.equal(page, `${DOCUMENTATION_URL}/troubleshooting/README.md`, alert);
    assert.ok(anchors.includes(anchor), `${alert}: there is no heading #${anchor}`);
  }
});

for (const scenario of SCENARIOS)
  test(`${scenario.alert} fires in its fault, not before, and with the words that are meant`, { skip }, async () => {
    assert.equal(await testRules([toTest(scenario)], scenario.everyMinutes), "");
  });

test("no alert fires on a node that is well", { skip }, async () => {
  const phases = (says: string) => [{ says, minutes: 120 }];
  const tests = ["healthy", "gpu-healthy", "certificate"].map((says) => ({
    ...{ name: says, phases: phases(says), firing: none(1, 11, 31, 61, 90, 119) },
  }));
  assert.equal(await testRules(tests), "");
});

test("metrics that are not even asked for are absent, too, and a node that was removed is forgotten", {
  skip,
}, async () => {
  const phases = [WELL, { says: "not asked", minutes: 80 }];
  const firing = [...none(30, 39, 95), { atMinute: 50, alerts: ["SatelliteMetricsAbsent"] }];
  assert.equal(
    await testRules([{ name: "removed", phases, firing: firing.toSorted((a, b) => a.atMinute - b.atMinute) }]),
    "",
  );
});

test("no alert fires when eks-satellite is upgraded, or kubelet is on trial for its five minutes", {
  skip,
}, async () => {
  const everyMinute = none(...Array.from({ length: 70 }, (_, minute) => minute + 1));
  const upgrade = [
    WELL,
    { says: "no answer", minutes: 2 },
    { says: "starting", minutes: 6 },
    { says: "healthy", minutes: 40 },
  ];
  assert.equal(await testRules([{ name: "upgrade", phases: upgrade, firing: everyMinute }]), "");
});

test("an alert that should fire and does not is noticed", { skip }, async () => {
  const wrong: RuleTest = { name: "wrong", phases: [WELL], firing: [{ atMinute: 20, alerts: ["SatelliteNotReady"] }] };
  assert.match(await testRules([wrong]), /SatelliteNotReady/);
});
