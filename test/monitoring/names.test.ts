// Rules and dashboard ask for metrics, labels and conditions that there are: in the code's table, and in what a real daemon wrote.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CONDITION_TYPES } from "../../agent/board/condition-types.ts";
import { listMetrics } from "../../scripts/docs/sample-metrics.ts";
import { listQueries } from "./dashboard-file.ts";
import { groupingOf, matchersOf, metricsOf } from "./queries.ts";
import { RECORDED, readRecording } from "./recordings.ts";
import { readAlerts } from "./rule-file.ts";

/** Prometheus' own. */
const NOT_OURS = new Set(["up", "ALERTS"]);
/** Set where a node is scraped. */
const SCRAPED = ["job", "node", "instance", "cluster"];
/** No sandbox on one link has what they measure: a gateway that answers, a cluster's DNS, an NVSwitch. */
const NOT_RECORDED = new Set(
  ["tunnel_latency_seconds", "tunnel_handshake_timestamp_seconds", "services_answered_timestamp_seconds"]
    .concat("cluster_dns_answered_timestamp_seconds", "nvswitch_sxid_total")
    .map((name) => `eks_satellite_${name}`),
);

const QUERIES = [...readAlerts().map(({ alert, expr }) => ({ title: alert, expr })), ...listQueries()];
const KNOWN = new Map((await listMetrics()).map(({ name, labels }) => [name, labels]));
const SAMPLES = RECORDED.flatMap((name) => readRecording(name).samples);
const RECORDED_LABELS = new Map<string, Set<string>>();
for (const { name, labels } of SAMPLES)
  RECORDED_LABELS.set(name, new Set([...(RECORDED_LABELS.get(name) ?? []), ...Object.keys(labels)]));

/** The table has a histogram once. */
const familyOf = (metric: string) => metric.replace(/_(bucket|sum|count)$/, "");
const labelsInCode = (metric: string) => [
  ...(KNOWN.get(metric) ?? KNOWN.get(familyOf(metric)) ?? []),
  ...(metric.endsWith("_bucket") ? ["le"] : []),
];

test("the queries are read", () => {
  assert.deepEqual(metricsOf('a(up{x="1"} * on (node) eks_satellite_ready[5m])'), ["up", "eks_satellite_ready"]);
  assert.deepEqual(matchersOf('eks_satellite_condition{type=~"A|B",status!="True"}'), [
    { metric: "eks_satellite_condition", label: "type", values: ["A", "B"] },
    { metric: "eks_satellite_condition", label: "status", values: ["True"] },
  ]);
  assert.deepEqual(groupingOf("max by (node, type) (a) unless on (x) b"), ["node", "type", "x"]);
  assert.ok(QUERIES.length > 60, `${QUERIES.length} queries`);
});

test("every metric is in the code's table and in a recorded text", () => {
  const names = QUERIES.flatMap(({ title, expr }) => metricsOf(expr).map((name) => ({ title, name })));
  const ours = names.filter(({ name }) => !NOT_OURS.has(name));
  assert.deepEqual(
    ours.filter(({ name }) => !KNOWN.has(name) && !KNOWN.has(familyOf(name))),
    [],
  );
  assert.deepEqual(
    ours.filter(({ name }) => !RECORDED_LABELS.has(name) && !NOT_RECORDED.has(name)),
    [],
  );
});

test("what is named as not recorded is not, and is used", () => {
  const used = new Set(QUERIES.flatMap(({ expr }) => metricsOf(expr)));
  assert.deepEqual(
    [...NOT_RECORDED].filter((name) => RECORDED_LABELS.has(name) || !used.has(name)),
    [],
  );
});

test("every label that is compared belongs to its metric, in the code and in the texts", () => {
  const compared = QUERIES.flatMap(({ title, expr }) => matchersOf(expr).map((matcher) => ({ title, ...matcher })));
  const own = compared.filter(({ metric, label }) => !NOT_OURS.has(metric) && !SCRAPED.includes(label));
  assert.ok(own.length > 20);
  assert.deepEqual(
    own.filter(({ metric, label }) => !labelsInCode(metric).includes(label)),
    [],
  );
  assert.deepEqual(
    own.filter(({ metric, label }) => RECORDED_LABELS.get(metric)?.has(label) !== true),
    [],
  );
});

test("every condition and status that is compared exists", () => {
  const compared = QUERIES.flatMap(({ title, expr }) => matchersOf(expr).map((matcher) => ({ title, ...matcher })));
  const known: Readonly<Record<string, readonly string[]>> = {
    type: CONDITION_TYPES,
    status: ["True", "False", "Unknown"],
  };
  const unknown = compared.flatMap(({ title, label, values }) =>
    values.filter((value) => known[label]?.includes(value) === false).map((value) => ({ title, label, value })),
  );
  assert.deepEqual(unknown, []);
});

test("every label of a grouping belongs to a metric of the query, or comes from the scrape", () => {
  const made = (expr: string) => Array.from(expr.matchAll(/label_replace\(\S+, "(\w+)"/g), ([, label]) => label);
  const unknown = QUERIES.flatMap(({ title, expr }) => {
    const labels = [...metricsOf(expr).flatMap(labelsInCode), ...made(expr), ...SCRAPED];
    return groupingOf(expr)
      .filter((label) => !labels.includes(label))
      .map((label) => ({ title, label }));
  });
  assert.deepEqual(unknown, []);
});
