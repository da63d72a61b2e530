import assert from "node:assert/strict";
import { test } from "node:test";
import { family } from "../../agent/board/metric-family.ts";
import { createMetrics, listFamilies } from "../../agent/health/metrics.ts";

test("the parts' families are rendered in Prometheus' format, with the values of the scrape", async () => {
  let value = 1;
  const source = { metrics: () => [family("gauge", "things", "Things.", () => [{ value, labels: { kind: "a" } }])] };
  const render = createMetrics([source]);
  assert.match((await render()).body, /^# HELP eks_satellite_things Things\.\n# TYPE eks_satellite_things gauge$/m);
  value = 2;
  const { body, contentType } = await render();
  assert.match(body, /^eks_satellite_things\{kind="a"\} 2$/m);
  assert.match(contentType, /^text\/plain/);
  assert.match(body, /^process_resident_memory_bytes \d+$/m);
});

test("a family without samples is there with its help, and names the version of the program always", () => {
  const names = listFamilies([{ metrics: () => [family("counter", "none_total", "None.", () => [])] }]);
  assert.deepEqual(
    names.map(({ name }) => name),
    [
      "eks_satellite_build_info",
      "eks_satellite_none_total",
      "process_cpu_seconds_total",
      "process_resident_memory_bytes",
      "process_start_time_seconds",
    ],
  );
});
