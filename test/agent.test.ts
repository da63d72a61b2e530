// The whole daemon on a machine in memory: what its parts are to each other.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { runAgent } from "../agent/agent.ts";
import { CONDITION_TYPES } from "../agent/condition-types.ts";
import { SatelliteError } from "../agent/errors.ts";
import { statusSchema } from "../agent/observe/status-schema.ts";
import { freePort } from "./fakes/free-port.ts";
import { becomeGpuMachine, readGpuMachine } from "./fakes/gpu-machine.ts";
import { CONFIG_FILE, conditionsOf, settleDown, setUpAgent } from "./fakes/memory-agent.ts";
import { connectionRefused } from "./fakes/memory-aws.ts";
import { settle } from "./fakes/memory-clock.ts";
import { createMemoryLog } from "./fakes/memory-log.ts";
import { sampleConfig } from "./fakes/samples.ts";

test("a bare machine becomes a Ready node without another word", async (context) => {
  const { host, containerd, start } = setUpAgent(context);
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
    GpuDriver: "True NoGpu",
    GpusPresent: "True NoGpu",
    GpuHealthy: "True NoGpu",
  });
});

test("systemd hears that the daemon is ready once the first round has ended", async (context) => {
  const { host, start } = setUpAgent(context);
  const { end } = await start();
  const words = () => host.commands.filter((command) => command.startsWith("systemd-notify"));
  assert.match(words()[0] ?? "", /--pid=42 READY=1/);
  await end();
});

test("at the end kubelet is ended and nothing else: containerd and its pods run on", async (context) => {
  const { host, containerd, start } = setUpAgent(context);
  const { end } = await start();
  const { pid } = containerd;
  await end();
  assert.deepEqual(host.spawned[0]?.process.signals, ["SIGTERM"]);
  assert.equal(containerd.pid, pid);
});

test("a second run finds everything in place: it restarts no containerd and asks AWS for no keys", async (context) => {
  const { host, containerd, aws, start } = setUpAgent(context);
  await (await start()).end();
  const restarts = containerd.restarts.length;
  await start();
  assert.equal(containerd.restarts.length, restarts);
  assert.deepEqual(aws.calls.filter((call) => call === "assumeRole").length, 1);
  assert.equal(host.spawned.length, 2);
});

test("with AWS away a second run starts kubelet from what is known", async (context) => {
  const { host, aws, start } = setUpAgent(context);
  await (await start()).end();
  host.clock.jump(20 * 60_000);
  aws.fail(connectionRefused());
  const { status } = await start();
  assert.equal(host.spawned.length, 2);
  assert.match(conditionsOf(await status()).NodeReady ?? "", /^True/);
});

test("with every disk full a second run starts kubelet all the same", async (context) => {
  const { host, start } = setUpAgent(context);
  await (await start()).end();
  for (const folder of ["/etc", "/var", "/run"]) host.files.refuseWrites(folder, "ENOSPC");
  await start();
  assert.equal(host.spawned.length, 2);
  assert.equal(host.spawned[1]?.process.isAlive, true);
});

test("without keys the machine is prepared, no kubelet is started, and the root cause is named alone", async (context) => {
  const { host, containerd, start } = setUpAgent(context);
  host.files.drop("/etc/eks-satellite/aws-keys");
  const { status } = await start();
  assert.equal(host.spawned.length, 0);
  assert.match(containerd.runningConfig ?? "", /SystemdCgroup/);
  const document = await status();
  assert.deepEqual(document.rootCauses, ["CredentialsRenewed"]);
  assert.equal(conditionsOf(document).CredentialsFresh, "False CredentialsMissing");
});

test("a deleted Node restarts kubelet within seconds", async (context) => {
  const { host, cluster, start } = setUpAgent(context);
  await start();
  cluster.items = [];
  cluster.sendEvent("deleted");
  await settleDown(host);
  assert.equal(host.spawned.length, 2);
  assert.equal(host.spawned[1]?.process.isAlive, true);
});

test("a kubelet that dies is back at once", async (context) => {
  const { host, start } = setUpAgent(context);
  await start();
  host.spawned[0]?.process.kill("SIGKILL");
  await settle();
  await settle();
  assert.equal(host.spawned.length, 2);
});

test("an API server that kubelet cannot reach is looked for at once, though the watch is still open", async (context) => {
  const { host, start } = setUpAgent(context);
  const { status } = await start();
  host.onFetch = () => {
    throw new SatelliteError("http-failed", "nobody answers");
  };
  host.spawned
    .at(-1)
    ?.process.say(
      'E0102 03:04:05.000001 1 controller.go:145] "Failed to ensure lease exists, will retry" err="refused"',
    );
  await settleDown(host);
  await host.clock.advance(15_000);
  assert.equal(conditionsOf(await status()).ApiReachable, "False ApiUnreachable");
});

test("a stranger's kubelet is refused with its pid and unit, and left alone", async (context) => {
  const { host, start } = setUpAgent(context);
  const stranger = host.processes.start({ name: "kubelet", unit: "kubelet.service" });
  const { status } = await start();
  assert.equal(host.spawned.length, 0);
  assert.deepEqual(stranger.signals, []);
  assert.equal(conditionsOf(await status()).KubeletRunning, "False KubeletStranger");
});

test("a configuration that is not valid is told of while the last good one is in force", async (context) => {
  const { host, start } = setUpAgent(context);
  const { status } = await start(new SatelliteError("config-invalid", "unknown key a", { hint: "Did you mean b?" }));
  assert.equal(host.spawned.length, 1);
  assert.deepEqual((await status()).rootCauses, ["ConfigValid"]);
});

test("a health port that is taken costs the endpoint and not the node", async (context) => {
  const { host, aws } = setUpAgent(context);
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
  const { host, start } = setUpAgent(context);
  const { port } = await start();
  host.clock.jump(24 * 3_600_000);
  assert.equal((await fetch(`http://127.0.0.1:${port}/livez`)).status, 200);
});

test("a machine with a GPU shows it in /status and in /metrics, and what its kernel logs turns a condition", async (context) => {
  const { host, start } = setUpAgent(context);
  becomeGpuMachine(host, readGpuMachine("a10"));
  const { status, port } = await start();
  const { gpu } = statusSchema.parse(await status());
  assert.deepEqual([gpu?.devices, gpu?.driverVersion, gpu?.cudaVersion, gpu?.deviceNodes], [1, "550.54.15", "12.4", 1]);
  const { product, isAnswering, temperatureCelsius } = gpu?.gpus?.[0] ?? {};
  assert.deepEqual([product, isAnswering, temperatureCelsius], ["NVIDIA A10", true, 31]);
  const dmesg = host.spawned.find(({ command }) => command === "dmesg");
  dmesg?.process.stdout.write("<3>[ 9.000001] NVRM: Xid (PCI:0000:06:00): 79, GPU has fallen off the bus.\n");
  await settleDown(host);
  assert.equal(conditionsOf(await status()).GpuHealthy, "False GpuXid79");
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const uuid = "GPU-5c1b0000-0000-4000-8000-000000000001";
  for (const sample of [
    `gpu_info{uuid="${uuid}",product="NVIDIA A10",driver_version="550.54.15",pci_bus_id="0000:06:00.0"} 1`,
    `gpu_healthy{uuid="${uuid}"} 0`,
    `gpu_temperature_celsius{uuid="${uuid}"} 31`,
    `gpu_memory_total_bytes{uuid="${uuid}"} ${23_028 * 2 ** 20}`,
    `gpu_memory_used_bytes{uuid="${uuid}"} ${4 * 2 ** 20}`,
    `gpu_utilization_ratio{uuid="${uuid}"} 0`,
    `gpu_power_watts{uuid="${uuid}"} 52.31`,
    `gpu_xid_total{uuid="${uuid}",xid="79"} 1`,
  ])
    assert.ok(metrics.split("\n").includes(`eks_satellite_${sample}`), sample);
});

test("where GPUs are required a machine without one is not ready, and /readyz says why", async (context) => {
  const { start } = setUpAgent(context, "gpu: { mode: required }");
  const { port } = await start();
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
  assert.equal(answer.status, 503);
  assert.match(
    await answer.text(),
    /^\[-\]GpusPresent failed: GpuMissing: gpu\.mode is required, and there is no NVIDIA GPU/,
  );
});

test("neither /status nor the log nor kubelet's arguments hold a secret", async (context) => {
  const { host, start } = setUpAgent(context);
  const { status, lines } = await start();
  const document = await status();
  const shown = JSON.stringify([document, lines, host.spawned[0]?.args, host.commands]);
  assert.doesNotMatch(shown, /session-secret|session-token|long-lived-secret|k8s-aws-v1/);
  assert.match(JSON.stringify(document.credentials), /2026-01-02T/, "but when they expire");
});

test("/status has the documented shape, /readyz follows it, and /metrics has a sample for each condition", async (context) => {
  const { start } = setUpAgent(context);
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
  assert.doesNotMatch(metrics, /^eks_satellite_gpu_\w+\{/m, "a machine without GPUs has no samples of them");
  const families = [...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  for (const [, name = "", type] of families)
    assert.equal(name.endsWith("_total"), type === "counter", `${name} is a ${type}`);
});
