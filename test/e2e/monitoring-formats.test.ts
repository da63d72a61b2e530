// The dashboard and the Operator's objects, read by the types of Grafana's and the Operator's own authors. It needs no sandbox.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { execa } from "execa";
import { parse } from "yaml";
import { DASHBOARD } from "../monitoring/dashboard-file.ts";
import { MONITORING } from "../monitoring/rule-file.ts";
import { buildMonitoringReaders } from "../sandbox/go-builds.ts";
import { Progress } from "../sandbox/step.ts";

let programs: string;
before(async () => {
  programs = await buildMonitoringReaders(new Progress());
});

/** What a reader finds wrong; empty when nothing is. */
async function complaints(reader: "dashboard" | "operator", input: string): Promise<string> {
  const { exitCode, stderr } = await execa(join(programs, reader), { input, reject: false });
  return exitCode === 0 ? "" : stderr || `exit code ${exitCode}`;
}

const read = (name: string) => readFileSync(join(MONITORING, name), "utf8");

test("Grafana's SDK reads the dashboard strictly", async () => {
  const text = readFileSync(DASHBOARD, "utf8");
  assert.equal(await complaints("dashboard", text), "");
  assert.match(await complaints("dashboard", text.replace('"gridPos"', '"gridPosition"')), /gridPosition/);
});

for (const name of ["prometheus-rules.yaml", "pod-monitor.yaml"])
  test(`the Operator's own types take ${name}`, async () => {
    assert.equal(await complaints("operator", read(name)), "");
    assert.match(await complaints("operator", read(name).replace("spec:\n", "spec:\n  colour: red\n")), /colour/);
  });

test("the PodMonitor asks as the job without the Operator does, with the proxy's own names", () => {
  const [endpoint] = parse(read("pod-monitor.yaml")).spec.podMetricsEndpoints;
  const [job] = parse(read("prometheus-scrape.yaml")).scrape_configs;
  assert.deepEqual(
    [endpoint.path, endpoint.scheme, endpoint.interval, endpoint.scrapeTimeout, endpoint.tlsConfig.insecureSkipVerify],
    [job.metrics_path, job.scheme, job.scrape_interval, job.scrape_timeout, job.tls_config.insecure_skip_verify],
  );
  const proxy = read("metrics-proxy.yaml");
  assert.match(proxy, new RegExp(`- name: ${endpoint.port}\\n +containerPort: 9912`));
  assert.match(proxy, new RegExp(`kind: Secret\\nmetadata:\\n  name: ${endpoint.authorization.credentials.name}\\n`));
});
