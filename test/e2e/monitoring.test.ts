// Prometheus reads a satellite's loopback through kube-rbac-proxy, as packaging/monitoring brings it: real proxy, real reviews.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { unlessPrometheus } from "../monitoring/promtool.ts";
import { MONITORING } from "../monitoring/rule-file.ts";
import { startPrometheus } from "../monitoring/server.ts";
import { endpointName } from "../sandbox/addresses.ts";
import { importMissing } from "../sandbox/images.ts";
import { kubeRbacProxyImage } from "../sandbox/kube-rbac-proxy.ts";
import { waitFor } from "../sandbox/wait.ts";
import { documentedBlocks } from "./documented-blocks.ts";
import { bringUp, type Satellite } from "./satellite.ts";

const IMAGE = /image: (quay\.io\S+)/.exec(readFileSync(join(MONITORING, "metrics-proxy.yaml"), "utf8"))?.[1] ?? "";
const KUBE_SYSTEM = "--namespace=kube-system";
const DAEMON_SET = "daemonset/eks-satellite-metrics";
const READER = "eks-satellite-metrics-reader";

let satellite: Satellite;
before(async () => {
  satellite = await bringUp();
  await satellite.untilHealthy(120_000);
  await importMissing(satellite.sandbox.machine, [await kubeRbacProxyImage(IMAGE)]);
  const { facts } = satellite.sandbox;
  const words = { "API-ENDPOINT-WITHOUT-HTTPS": endpointName(facts.clusterId), "packaging/monitoring": MONITORING };
  const lines = documentedBlocks("monitor", words).flatMap((block) => block.trim().split("\n"));
  // Nothing here has the Operator's types; test/e2e/monitoring-formats.test.ts reads its objects by its own.
  const possible = lines.filter((line) => !line.includes("pod-monitor.yaml"));
  assert.equal(possible.length, lines.length - 1);
  for (const line of possible) await satellite.sandbox.kubectl(line.split(" ").slice(1));
  await satellite.sandbox.kubectl(["rollout", "status", KUBE_SYSTEM, DAEMON_SET, "--timeout=120s"]);
});
after(() =>
  satellite.sandbox.kubectl(["delete", "--ignore-not-found", `--filename=${join(MONITORING, "metrics-proxy.yaml")}`]),
);

const proxyUrl = (path: string) => `https://${satellite.sandbox.addresses.node}:9912${path}`;

/** What the proxy answers to a token, or without one. */
function ask(path: string, token?: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; body: string }>();
  const options = { headers, rejectUnauthorized: false, timeout: 10_000 };
  const sent = request(proxyUrl(path), options, async (response) => {
    let body = "";
    for await (const piece of response) body += piece;
    resolve({ status: response.statusCode, body });
  });
  sent.on("error", reject).on("timeout", () => sent.destroy(new Error(`${path} is not answered`)));
  sent.end();
  return promise;
}

async function readerToken(): Promise<string> {
  const path = "--output=jsonpath={.data.token}";
  const read = () => satellite.sandbox.kubectl(["get", "secret", READER, KUBE_SYSTEM, path]);
  const text = await waitFor(
    { what: "the reader's token", deadlineMs: 30_000 },
    async () => (await read()) || undefined,
  );
  return Buffer.from(text, "base64").toString();
}

test("a token that may reads what the daemon serves on loopback", async () => {
  const { status, body } = await ask("/metrics", await readerToken());
  assert.equal(status, 200);
  assert.match(body, /^eks_satellite_ready 1$/m);
});

test("a token that may not is refused, and so is a caller without one", async () => {
  const token = await satellite.sandbox.kubectl(["create", "token", "default"]);
  assert.equal((await ask("/metrics", token)).status, 403);
  assert.equal((await ask("/metrics")).status, 401);
  assert.equal((await ask("/metrics", "of.no.one")).status, 401);
});

test("nothing but the metrics is served, to anyone", async () => {
  for (const path of ["/status", "/readyz", "/", "/metrics/../status"])
    assert.equal((await ask(path, await readerToken())).status, 404, path);
});

test("the reader's token is good for nothing else in the cluster", async () => {
  const as = `--as=system:serviceaccount:kube-system:${READER}`;
  const rules = await satellite.sandbox.kubectl(["auth", "can-i", "--list", as, "--no-headers"]);
  const granted = rules.split("\n").filter((line) => /\b(list|watch|get|create|delete|patch|update)\b/.test(line));
  const beyond = granted.filter(
    (line) => !/selfsubject|\/(api|healthz|livez|readyz|openapi|openid|version|\.well-known)/.test(line),
  );
  assert.equal(beyond.length, 1, beyond.join("\n"));
  assert.match(beyond[0] ?? "", /\[\/metrics\]/);
});

/** What discovery would say of the proxy's pod: Debian's Prometheus is built without Kubernetes' discovery. */
const discovered = ({ nodeName, addresses }: Satellite["sandbox"]) => ({
  targets: [`${addresses.node}:9912`],
  labels: { __meta_kubernetes_pod_container_port_name: "metrics", __meta_kubernetes_pod_node_name: nodeName },
});

test("a real Prometheus reads the satellite by the documented job, and names the node", {
  skip: unlessPrometheus,
}, async () => {
  const { kubernetes_sd_configs: discovery, ...job } = parse(
    readFileSync(join(MONITORING, "prometheus-scrape.yaml"), "utf8"),
  ).scrape_configs[0];
  const [{ namespaces, selectors }] = discovery;
  const pods = ["get", "pods", `--namespace=${namespaces.names[0]}`, `--selector=${selectors[0].label}`];
  const { nodeName } = satellite.sandbox;
  assert.equal(await satellite.sandbox.kubectl([...pods, "--output=jsonpath={.items[*].spec.nodeName}"]), nodeName);
  assert.equal(job.authorization.credentials_file, `/etc/${READER}/token`);
  job.authorization.credentials_file = "token";
  const often = { scrape_interval: "1s", scrape_timeout: "1s", static_configs: [discovered(satellite.sandbox)] };
  await using prometheus = await startPrometheus({
    files: {
      "prometheus.json": JSON.stringify({ scrape_configs: [{ ...job, ...often }] }),
      token: await readerToken(),
    },
    flags: ["--storage.tsdb.path=data"],
  });
  const wait = { what: "the node's metrics", deadlineMs: 60_000, intervalMs: 500 };
  const [found] = await waitFor(wait, async () => {
    const series = await prometheus.query("eks_satellite_ready == 1");
    return series.length > 0 ? series : undefined;
  });
  const labels = { job: "eks-satellite", node: nodeName, instance: nodeName };
  assert.deepEqual(found?.metric, { __name__: "eks_satellite_ready", ...labels });
  assert.deepEqual((await prometheus.query("up == 1"))[0]?.metric, { __name__: "up", ...labels });
});
