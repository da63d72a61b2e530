// A real Prometheus on what real daemons wrote: every query of the dashboard, and the two ways by which metrics arrive.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { waitFor } from "../sandbox/wait.ts";
import { listQueries, readDashboard } from "./dashboard-file.ts";
import { unlessPrometheus } from "./promtool.ts";
import { RECORDED } from "./recordings.ts";
import { MONITORING, readRuleGroups } from "./rule-file.ts";
import { serveProxy, serveRecordings, startPrometheus } from "./server.ts";

const skip = unlessPrometheus;
/** What no recording has a value for; names.test.ts says why. */
const WITHOUT_DATA = [
  "tunnel_latency",
  "tunnel_handshake",
  "services_answered",
  "cluster_dns_answered",
  "nvswitch_sxid",
];

/** As Grafana asks it for every node and an hour; what a panel hides while all is well is asked for, too. */
const fill = (expr: string) =>
  expr
    .replace(/ > 0$/, "")
    .replaceAll("$__rate_interval", "1m")
    .replaceAll("$__range", "1h")
    .replaceAll(/\$(node|cluster)\b/g, ".*");

test("every query of the dashboard has an answer on a Prometheus that scraped real daemons", { skip }, async () => {
  using recordings = await serveRecordings();
  const jobs = RECORDED.map((name) => ({
    job_name: name,
    metrics_path: `/${name}`,
    static_configs: [{ targets: [recordings.address], labels: { job: "eks-satellite", node: name, instance: name } }],
  }));
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: ["rules.json"],
    scrape_configs: jobs,
  };
  await using prometheus = await startPrometheus({
    files: { "prometheus.json": JSON.stringify(config), "rules.json": JSON.stringify(readRuleGroups()) },
    flags: ["--storage.tsdb.path=data"],
  });
  await waitFor({ what: "three scrapes of each", deadlineMs: 60_000, intervalMs: 500 }, async () => {
    const scraped = await prometheus.query('count_over_time(eks_satellite_ready{job="eks-satellite"}[1h]) >= 3');
    return scraped.length === RECORDED.length;
  });
  const empty: string[] = [];
  for (const { title, expr } of listQueries())
    if ((await prometheus.query(fill(expr))).length === 0) empty.push(`${title}: ${expr}`);
  assert.deepEqual(
    empty.filter((query) => !WITHOUT_DATA.some((metric) => query.includes(metric))),
    [],
  );
  for (const { name, query } of readDashboard().templating.list.filter((one) => one.query.startsWith("label_values"))) {
    const [, metric = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
    const values = (await prometheus.query(fill(metric))).map((found) => found.metric[label]);
    assert.equal(
      values.every((value) => value !== undefined),
      name === "node",
      name,
    );
  }
});

test("a machine sends its own metrics by the configuration in the documentation", { skip }, async () => {
  using daemon = await serveRecordings();
  await using receiver = await startPrometheus({
    files: { "prometheus.json": JSON.stringify({ rule_files: [] }) },
    flags: ["--storage.tsdb.path=data", "--web.enable-remote-write-receiver"],
  });
  const written = parse(readFileSync(join(MONITORING, "prometheus-agent.yaml"), "utf8"));
  written.global = { ...written.global, scrape_interval: "1s", scrape_timeout: "1s" };
  assert.deepEqual(written.scrape_configs[0].static_configs[0].targets, ["127.0.0.1:9911"]);
  written.scrape_configs[0].static_configs[0].targets = [daemon.address];
  written.remote_write[0].url = `${receiver.url}/api/v1/write`;
  written.remote_write[0].authorization.credentials_file = "token";
  await using _agent = await startPrometheus({
    files: { "prometheus.json": JSON.stringify(written), token: "of no one" },
    flags: ["--enable-feature=agent", "--storage.agent.path=data"],
  });
  const arrived = await waitFor({ what: "the metrics to arrive", deadlineMs: 60_000, intervalMs: 500 }, async () => {
    const [ready] = await receiver.query("eks_satellite_ready == 1");
    return ready?.metric;
  });
  const labels = { job: "eks-satellite", node: "gpu-1", instance: "gpu-1", cluster: "my-cluster" };
  assert.deepEqual(arrived, { __name__: "eks_satellite_ready", ...labels });
  assert.deepEqual((await receiver.query("up"))[0]?.metric, { __name__: "up", ...labels });
});

test("the job for a Prometheus in the cluster reads a proxy by its token, and names the node", { skip }, async () => {
  using proxy = await serveProxy("of the reader");
  const [job] = parse(readFileSync(join(MONITORING, "prometheus-scrape.yaml"), "utf8")).scrape_configs;
  assert.equal(job.authorization.credentials_file, "/etc/eks-satellite-metrics-reader/token");
  job.authorization.credentials_file = "token";
  // Debian's Prometheus is built without Kubernetes' discovery: this is what it would say of the proxy's pods.
  delete job.kubernetes_sd_configs;
  const pod = (port: string, node: string) => ({
    targets: [proxy.address],
    labels: { __meta_kubernetes_pod_container_port_name: port, __meta_kubernetes_pod_node_name: node },
  });
  const config = {
    scrape_configs: [
      {
        ...job,
        scrape_interval: "1s",
        scrape_timeout: "1s",
        static_configs: [pod("metrics", "gpu-1"), pod("other", "gpu-2")],
      },
    ],
  };
  await using prometheus = await startPrometheus({
    files: { "prometheus.json": JSON.stringify(config), token: "of the reader" },
    flags: ["--storage.tsdb.path=data"],
  });
  const wait = { what: "the node's metrics", deadlineMs: 60_000, intervalMs: 500 };
  const ready = await waitFor(wait, async () => {
    const found = await prometheus.query("eks_satellite_ready == 1");
    return found.length > 0 && found;
  });
  const labels = { job: "eks-satellite", node: "gpu-1", instance: "gpu-1" };
  assert.deepEqual(
    ready.map(({ metric }) => metric),
    [{ __name__: "eks_satellite_ready", ...labels }],
  );
  assert.deepEqual(
    (await prometheus.query("up")).map(({ metric }) => metric),
    [{ __name__: "up", ...labels }],
  );
});
