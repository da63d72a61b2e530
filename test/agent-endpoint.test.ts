// The whole daemon on a machine in memory: what its health endpoint tells.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { runAgent } from "../agent/agent.ts";
import { CONDITION_TYPES } from "../agent/board/condition-types.ts";
import { statusSchema } from "../agent/health/status-schema.ts";
import { freePort } from "./fakes/free-port.ts";
import { becomeGpuMachine, readGpuMachine } from "./fakes/gpu-machine.ts";
import { CONFIG_FILE, conditionsOf, settleDown, setUpAgent } from "./fakes/memory-agent.ts";
import { createMemoryLog } from "./fakes/memory-log.ts";
import { sampleConfig } from "./fakes/samples.ts";

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
    "gpu_cordoned 0",
  ])
    assert.ok(metrics.split("\n").includes(`eks_satellite_${sample}`), sample);
});

test("with gpu.onFatal: cordon a fatal fault cordons the Node, and an event, a condition and a metric say so", async (context) => {
  const { host, cluster, start } = setUpAgent(context, "gpu: { onFatal: cordon }");
  becomeGpuMachine(host, readGpuMachine("a10"));
  const answer = host.onFetch;
  const events: string[] = [];
  host.onFetch = (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/events")) events.push(JSON.parse(request.body ?? "").reason);
    if (request.method === "PATCH" && pathname === "/api/v1/nodes/gpu-1") {
      const patch = JSON.parse(request.body ?? "");
      if (patch.spec !== undefined) cluster.sendEvent("seen", { ...cluster.items[0], ...patch });
    }
    return answer(request);
  };
  const { status, port } = await start();
  const dmesg = host.spawned.find(({ command }) => command === "dmesg");
  dmesg?.process.stdout.write("<3>[ 9.000001] NVRM: Xid (PCI:0000:06:00): 79, GPU has fallen off the bus.\n");
  await settleDown(host);
  const document = await status();
  assert.equal(conditionsOf(document).NodeSchedulable, "False CordonedForGpu");
  assert.deepEqual(document.rootCauses, ["GpuHealthy"]);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assert.match(metrics, /^eks_satellite_gpu_cordoned 1$/m);
  await host.clock.advance(60_000);
  assert.deepEqual(
    events.filter((reason) => reason === "CordonedForGpu"),
    ["CordonedForGpu"],
  );
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
  assert.ok(document.files.length > 3);
  for (const { path, mode, sha256 } of document.files) {
    if (mode === "0600" || path.endsWith("/config.toml")) assert.equal(sha256, undefined, `${path} may hold secrets`);
    else assert.match(sha256 ?? "", /^[0-9a-f]{64}$/, path);
  }
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
