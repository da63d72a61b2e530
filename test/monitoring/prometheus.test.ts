// A real Prometheus on what real daemons wrote: the way by which a machine sends its own metrics.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { waitFor } from "../sandbox/wait.ts";
import { unlessPrometheus } from "./promtool.ts";
import { MONITORING } from "./rule-file.ts";
import { serveRecordings, startPrometheus } from "./server.ts";

const skip = unlessPrometheus;
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
