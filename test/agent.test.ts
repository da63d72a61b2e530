// The whole daemon on a machine in memory: what its parts are to each other.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { runAgent } from "../agent/agent.ts";
import { CONDITION_TYPES } from "../agent/condition-types.ts";
import { SatelliteError } from "../agent/errors.ts";
import type { NodeEvent } from "../agent/observe/node-api.ts";
import { statusSchema } from "../agent/observe/status-schema.ts";
import { clusterCa } from "./fakes/certificates.ts";
import { freePort } from "./fakes/free-port.ts";
import { connectionRefused, MemoryAws } from "./fakes/memory-aws.ts";
import { settle } from "./fakes/memory-clock.ts";
import { MemoryContainerd } from "./fakes/memory-containerd.ts";
import type { MemoryHost } from "./fakes/memory-host.ts";
import { createMemoryLog } from "./fakes/memory-log.ts";
import { DOCKER_CONTAINERD_CONFIG, KEYS_FILE, sampleCluster, sampleConfig } from "./fakes/samples.ts";

const CONFIG_FILE = "/etc/eks-satellite/config.yaml";
const SERVING_CERTIFICATE = "/var/lib/kubelet/pki/kubelet-server-current.pem";
const NODE = {
  metadata: { uid: "1" },
  status: { conditions: [{ type: "Ready", status: "True" }], nodeInfo: { kubeletVersion: "v1.34.4" } },
};

/** A cluster's API server and kubelet's own health, as HTTP answers them. */
function serveCluster(host: MemoryHost) {
  const cluster = { items: [NODE] as (typeof NODE)[], sendEvent: (_event: NodeEvent["kind"]): void => undefined };
  host.onFetch = ({ url }) =>
    url.includes("/healthz")
      ? { status: 200, body: "ok" }
      : { status: 200, body: JSON.stringify({ metadata: { resourceVersion: "1" }, items: cluster.items }) };
  host.onFollow = ({ onLine, signal }) => {
    const { promise, resolve } = Promise.withResolvers<{ status: number; body: string }>();
    signal.addEventListener("abort", () => resolve({ status: 200, body: "" }), { once: true });
    cluster.sendEvent = (kind) =>
      onLine(JSON.stringify({ type: kind === "deleted" ? "DELETED" : "MODIFIED", object: NODE }));
    return promise;
  };
  return cluster;
}

/** A machine with containerd, kubelet and the keys of an IAM user; `start` begins one run of the daemon on it. */
function setUp(context: TestContext) {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  host.files.put("/etc/eks-satellite/aws-keys", KEYS_FILE, { mode: 0o600 });
  host.files.put("/etc/containerd/config.toml", DOCKER_CONTAINERD_CONFIG);
  host.files.put(SERVING_CERTIFICATE, clusterCa);
  host.files.putFolder("/run/systemd/system");
  host.install("systemd-notify", () => ({}));
  for (const name of [new URL(sampleCluster().endpoint).hostname, `sts.${sampleCluster().region}.amazonaws.com`])
    host.names.set(name, ["192.0.2.1"]);
  containerd.start();
  const cluster = serveCluster(host);
  const aws = new MemoryAws(host.clock.now);
  const start = async (configProblem?: unknown) => {
    const port = await freePort();
    const stop = new AbortController();
    const memoryLog = createMemoryLog();
    const environment = { PATH: "/usr/bin", NOTIFY_SOCKET: "/run/systemd/notify" };
    const config = sampleConfig(`health: { port: ${port} }`);
    const running = runAgent(
      {
        host,
        aws,
        config,
        configProblem,
        configFile: CONFIG_FILE,
        onConfigChange: () => undefined,
        log: memoryLog.log,
        environment,
      },
      stop.signal,
    );
    const end = async () => {
      stop.abort();
      await host.clock.advance(1000);
      await running;
    };
    context.after(end);
    await settleDown(host);
    const status = async () => (await fetch(`http://127.0.0.1:${port}/status`)).json() as Promise<StatusDocument>;
    return { ...memoryLog, end, status, port };
  };
  return { host, containerd, cluster, aws, start };
}

interface StatusDocument {
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  readonly rootCauses: readonly string[];
  readonly [key: string]: unknown;
}

/** Two seconds of the machine's time, in which everything that follows from a start has followed. */
async function settleDown(host: MemoryHost): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await host.clock.advance(100);
    await settle();
  }
}

const conditionsOf = ({ conditions }: StatusDocument) =>
  Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));

test("a bare machine becomes a Ready node without another word", async (context) => {
  const { host, containerd, start } = setUp(context);
  const { status } = await start();
  assert.equal(host.spawned.length, 1);
  assert.deepEqual(host.spawned[0]?.environment, { PATH: "/usr/bin" });
  assert.match(containerd.runningConfig ?? "", /SystemdCgroup = true/);
  const document = await status();
  assert.deepEqual(document.rootCauses, []);
  assert.deepEqual(conditionsOf(document), {
    ConfigValid: "True Valid",
    ClockInSync: "Unknown Starting",
    DnsWorking: "True Resolved",
    DiskAvailable: "True Available",
    CredentialsRenewed: "True Renewed",
    CredentialsFresh: "True Fresh",
    ClusterDescribed: "True Described",
    ClusterKnown: "True Described",
    ConfigInSync: "True InSync",
    RuntimeReady: "True Ready",
    KubeletRunning: "True Running",
    ApiReachable: "True Answers",
    IdentityAccepted: "True Accepted",
    NodeReady: "True KubeletReady",
    NodeSchedulable: "True Schedulable",
    ServingCertificateSigned: "True Signed",
  });
});

test("systemd hears that the daemon is ready once the first round has ended", async (context) => {
  const { host, start } = setUp(context);
  const { end } = await start();
  const words = () => host.commands.filter((command) => command.startsWith("systemd-notify"));
  assert.match(words()[0] ?? "", /--pid=42 READY=1/);
  await end();
});

test("at the end kubelet is ended and nothing else: containerd and its pods run on", async (context) => {
  const { host, containerd, start } = setUp(context);
  const { end } = await start();
  const { pid } = containerd;
  await end();
  assert.deepEqual(host.spawned[0]?.process.signals, ["SIGTERM"]);
  assert.equal(containerd.pid, pid);
});

test("a second run finds everything in place: it restarts no containerd and asks AWS for no keys", async (context) => {
  const { host, containerd, aws, start } = setUp(context);
  await (await start()).end();
  const restarts = containerd.restarts.length;
  await start();
  assert.equal(containerd.restarts.length, restarts);
  assert.deepEqual(aws.calls.filter((call) => call === "assumeRole").length, 1);
  assert.equal(host.spawned.length, 2);
});

test("with AWS away a second run starts kubelet from what is known", async (context) => {
  const { host, aws, start } = setUp(context);
  await (await start()).end();
  host.clock.jump(20 * 60_000);
  aws.fail(connectionRefused());
  const { status } = await start();
  assert.equal(host.spawned.length, 2);
  assert.match(conditionsOf(await status()).NodeReady ?? "", /^True/);
});

test("with every disk full a second run starts kubelet all the same", async (context) => {
  const { host, start } = setUp(context);
  await (await start()).end();
  for (const folder of ["/etc", "/var", "/run"]) host.files.refuseWrites(folder, "ENOSPC");
  await start();
  assert.equal(host.spawned.length, 2);
  assert.equal(host.spawned[1]?.process.isAlive, true);
});

test("without keys the machine is prepared, no kubelet is started, and the root cause is named alone", async (context) => {
  const { host, containerd, start } = setUp(context);
  host.files.drop("/etc/eks-satellite/aws-keys");
  const { status } = await start();
  assert.equal(host.spawned.length, 0);
  assert.match(containerd.runningConfig ?? "", /SystemdCgroup/);
  const document = await status();
  assert.deepEqual(document.rootCauses, ["CredentialsRenewed"]);
  assert.equal(conditionsOf(document).CredentialsFresh, "False CredentialsMissing");
});

test("a deleted Node restarts kubelet within seconds", async (context) => {
  const { host, cluster, start } = setUp(context);
  await start();
  cluster.items = [];
  cluster.sendEvent("deleted");
  await settleDown(host);
  assert.equal(host.spawned.length, 2);
  assert.equal(host.spawned[1]?.process.isAlive, true);
});

test("a kubelet that dies is back at once", async (context) => {
  const { host, start } = setUp(context);
  await start();
  host.spawned[0]?.process.kill("SIGKILL");
  await settle();
  await settle();
  assert.equal(host.spawned.length, 2);
});

test("a stranger's kubelet is refused with its pid and unit, and left alone", async (context) => {
  const { host, start } = setUp(context);
  const stranger = host.processes.start({ name: "kubelet", unit: "kubelet.service" });
  const { status } = await start();
  assert.equal(host.spawned.length, 0);
  assert.deepEqual(stranger.signals, []);
  assert.equal(conditionsOf(await status()).KubeletRunning, "False KubeletStranger");
});

test("a configuration that is not valid is told of while the last good one is in force", async (context) => {
  const { host, start } = setUp(context);
  const { status } = await start(new SatelliteError("config-invalid", "unknown key a", { hint: "Did you mean b?" }));
  assert.equal(host.spawned.length, 1);
  assert.deepEqual((await status()).rootCauses, ["ConfigValid"]);
});

test("a health port that is taken costs the endpoint and not the node", async (context) => {
  const { host, aws } = setUp(context);
  const taken = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => taken.listen(port, "127.0.0.1", resolve));
  context.after(() => void taken.close());
  const stop = new AbortController();
  const { log, lines } = createMemoryLog();
  const config = sampleConfig(`health: { port: ${port} }`);
  const running = runAgent(
    {
      host,
      aws,
      config,
      configProblem: undefined,
      configFile: CONFIG_FILE,
      onConfigChange: () => undefined,
      log,
      environment: {},
    },
    stop.signal,
  );
  await settleDown(host);
  assert.equal(host.spawned.length, 1);
  assert.ok(lines.some(({ err }) => err?.code === "health-port-taken"));
  stop.abort();
  await host.clock.advance(1000);
  await running;
});

test("a clock that is set forward by a day does not make the daemon look dead", async (context) => {
  const { host, start } = setUp(context);
  const { port } = await start();
  host.clock.jump(24 * 3_600_000);
  assert.equal((await fetch(`http://127.0.0.1:${port}/livez`)).status, 200);
});

test("neither /status nor the log nor kubelet's arguments hold a secret", async (context) => {
  const { host, start } = setUp(context);
  const { status, lines } = await start();
  const document = await status();
  const shown = JSON.stringify([document, lines, host.spawned[0]?.args, host.commands]);
  assert.doesNotMatch(shown, /session-secret|session-token|long-lived-secret|k8s-aws-v1/);
  assert.match(JSON.stringify(document.credentials), /2026-01-02T/, "but when they expire");
});

test("/status has the documented shape, /readyz follows it, and /metrics has a sample for each condition", async (context) => {
  const { start } = setUp(context);
  const { status, port } = await start();
  const document = statusSchema.parse(await status());
  assert.deepEqual([document.verdict.ready, document.node.name], [true, "gpu-1"]);
  assert.ok(document.files.length > 3 && document.files.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256)));
  assert.ok(document.events.length > 3);
  assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  for (const type of CONDITION_TYPES)
    assert.match(metrics, new RegExp(`^eks_satellite_condition\\{type="${type}",status="True"\\} [01]$`, "m"));
  assert.match(metrics, /^eks_satellite_ready 1$/m);
  assert.match(metrics, /^eks_satellite_aws_requests_total\{operation="AssumeRole",outcome="ok"\} 1$/m);
  assert.match(metrics, /^eks_satellite_aws_request_duration_seconds_bucket\{operation="AssumeRole",le="\+Inf"\} 1$/m);
  assert.match(metrics, /^eks_satellite_changes_total\{resource="file:\/etc\/kubernetes\/pki\/ca\.crt"\} 1$/m);
  const families = [...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  for (const [, name = "", type] of families)
    assert.equal(name.endsWith("_total"), type === "counter", `${name} is a ${type}`);
});
