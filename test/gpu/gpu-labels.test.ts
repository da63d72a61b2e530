import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { GpuLabeler, renderGpuLabels, renderOperatorLabels } from "../../agent/gpu/gpu-labels.ts";
import { GpuWatch } from "../../agent/gpu/gpu-watch.ts";
import type { NodeApi } from "../../agent/kubernetes/node-api.ts";
import { createBoard } from "../fakes/board.ts";
import { becomeGpuMachine, GPU_MACHINES, readGpuMachine } from "../fakes/gpu-machine.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleConfig } from "../fakes/samples.ts";

const MINUTE_MS = 60_000;
const A10 = readGpuMachine("a10").expected.labels;
const PCI = { "feature.node.kubernetes.io/pci-10de.present": "true" };
/** What GPU Operator reads of a machine that has its driver. */
const DRIVER = { ...PCI, "nvidia.com/gpu.deploy.driver": "pre-installed" };
/** What it reads of one whose pods use the host's network, as is the default. */
const OPERATOR = { ...PCI, "nvidia.com/gpu.deploy.operands": "false" };
/** The user brings a CNI plugin. */
const WITH_CNI = "network: { cni: none }";

/** A machine of the fixtures and the Node that it is; `round` looks at the GPUs and keeps the labels. */
function setUp(context: TestContext, name: string, { yaml = "", host = new MemoryHost() } = {}) {
  const machine = readGpuMachine(name);
  becomeGpuMachine(host, machine);
  const { log, messages } = createMemoryLog();
  const board = createBoard(log, host.clock);
  board.setTrue("ApiReachable", "Answers", "it answers");
  const stop = new AbortController();
  context.after(() => stop.abort());
  const node = { labels: { "kubernetes.io/os": "linux" } as Record<string, string> | undefined };
  const server = { failure: undefined as Error | undefined, reads: 0, patches: [] as Record<string, string | null>[] };
  const api = {
    readLabels: async () => {
      server.reads += 1;
      if (server.failure !== undefined) throw server.failure;
      return node.labels;
    },
    patchLabels: async (_name: string, labels: Record<string, string | null>) => {
      server.patches.push(labels);
      const merged = Object.entries({ ...node.labels, ...labels });
      node.labels = Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== null));
    },
  } as unknown as NodeApi;
  const config = sampleConfig(yaml);
  const watch = new GpuWatch({ host, config, board, log, signal: stop.signal });
  const labeler = new GpuLabeler({ host, config, board, log, api: () => api, history: watch.history });
  const round = async () => {
    const running = watch.round();
    if (machine.nvidiaSmi.stuck === true) await host.clock.advance(22_000);
    await running;
    await labeler.keep(watch.view());
  };
  return { host, board, watch, labeler, node, server, messages, round };
}

for (const name of GPU_MACHINES) {
  test(`${name}: the labels are those that GPU Feature Discovery would write`, async (context) => {
    const { watch, node, round } = setUp(context, name);
    await round();
    const view = watch.view();
    assert.ok(view !== undefined);
    const { labels } = readGpuMachine(name).expected;
    assert.deepEqual(renderGpuLabels(view), labels);
    const hasGpu = view.facts.busIds.length > 0;
    assert.deepEqual(renderOperatorLabels(view, true), hasGpu ? OPERATOR : {});
    const withDriver = view.facts.driverVersion === undefined ? PCI : DRIVER;
    assert.deepEqual(renderOperatorLabels(view, false), hasGpu ? withDriver : {});
    assert.deepEqual(node.labels, { "kubernetes.io/os": "linux", ...labels, ...(hasGpu ? OPERATOR : {}) });
  });
}

test("labels that are right are written once, and checked again after ten minutes", async (context) => {
  const { host, node, server, round } = setUp(context, "a10");
  for (let half = 0; half < 4; half += 1) {
    await round();
    host.clock.jump(MINUTE_MS / 2);
  }
  assert.deepEqual([server.reads, server.patches.length], [1, 1]);
  host.clock.jump(10 * MINUTE_MS);
  if (node.labels !== undefined) node.labels["nvidia.com/gpu.count"] = "9";
  await round();
  assert.deepEqual(server.patches.at(-1), { "nvidia.com/gpu.count": "1" });
});

test("with GPU Feature Discovery its labels are left alone, and GPU Operator learns of the driver", async (context) => {
  const { node, server, round } = setUp(context, "a10", { yaml: WITH_CNI });
  node.labels = { "nvidia.com/gfd.timestamp": "1700000000", "nvidia.com/gpu.count": "4" };
  await round();
  assert.deepEqual([server.reads, server.patches], [1, [DRIVER]]);
});

test("what GPU Operator or an administrator has said of the driver stays", async (context) => {
  const { node, server, round } = setUp(context, "a10", { yaml: WITH_CNI });
  node.labels = { ...A10, ...PCI, "nvidia.com/gpu.deploy.driver": "false" };
  await round();
  assert.deepEqual([server.reads, server.patches], [1, []]);
});

test("a GPU Operator that took the machine for one without GPUs, and removed its labels, finds them again", async (context) => {
  const { host, node, round } = setUp(context, "a10", { yaml: WITH_CNI });
  await round();
  node.labels = { ...A10, "nvidia.com/gpu.present": "false" };
  host.clock.jump(10 * MINUTE_MS);
  await round();
  assert.deepEqual(node.labels, { ...A10, ...DRIVER });
});

test("on the host's network GPU Operator runs nothing, unless the configuration or a user says so; then it learns of the driver", async (context) => {
  const configured = setUp(context, "a10", { yaml: "node: { labels: { nvidia.com/gpu.deploy.operands: 'true' } }" });
  await configured.round();
  assert.deepEqual(configured.node.labels, { "kubernetes.io/os": "linux", ...A10, ...DRIVER });
  const byHand = setUp(context, "a10");
  byHand.node.labels = { ...A10, "nvidia.com/gpu.deploy.operands": "true" };
  await byHand.round();
  assert.deepEqual(byHand.server.patches, [DRIVER]);
});

test("when the user brings a CNI plugin, GPU Operator's pods are let in", async (context) => {
  const first = setUp(context, "a10");
  await first.round();
  const host = new MemoryHost();
  host.files.put(
    "/var/lib/eks-satellite/gpu.json",
    first.host.files.peek("/var/lib/eks-satellite/gpu.json")?.content ?? "",
  );
  const { node, round } = setUp(context, "a10", { host, yaml: WITH_CNI });
  node.labels = { ...A10, ...OPERATOR };
  await round();
  assert.deepEqual(node.labels, { ...A10, ...DRIVER });
  const history = JSON.parse(host.files.peek("/var/lib/eks-satellite/gpu.json")?.content ?? "{}");
  assert.ok(!history.labels.includes("nvidia.com/gpu.deploy.operands"));
});

test("labels that the configuration sets are left alone", async (context) => {
  const { server, round } = setUp(context, "a10", { yaml: "node: { labels: { nvidia.com/gpu.product: mine } }" });
  await round();
  assert.ok(!("nvidia.com/gpu.product" in (server.patches[0] ?? {})));
  assert.equal(server.patches[0]?.["nvidia.com/gpu.count"], "1");
});

test("a Node that was registered again gets its labels at once; a Node that does not exist yet, when it does", async (context) => {
  const { labeler, node, server, round } = setUp(context, "a10");
  const registered = node.labels;
  node.labels = undefined;
  await round();
  assert.deepEqual(server.patches, []);
  node.labels = registered;
  await round();
  node.labels = {};
  labeler.forget();
  await round();
  assert.deepEqual(node.labels, { ...A10, ...OPERATOR });
});

test("when the GPUs are gone after a reboot our labels are removed, and no others", async (context) => {
  const first = setUp(context, "a10");
  await first.round();
  const host = new MemoryHost();
  const kept = first.host.files.peek("/var/lib/eks-satellite/gpu.json")?.content ?? "";
  host.files.put("/var/lib/eks-satellite/gpu.json", kept);
  const { node, server, round } = setUp(context, "no-gpu", { host });
  node.labels = { ...A10, ...OPERATOR, "nvidia.com/mine": "1" };
  await round();
  assert.deepEqual(node.labels, { "nvidia.com/mine": "1" });
  await round();
  assert.equal(server.patches.length, 1);
});

test("a machine that never had GPUs asks the API server nothing about them", async (context) => {
  const { server, round } = setUp(context, "no-gpu");
  await round();
  assert.equal(server.reads, 0);
});

test("an unreachable API server is retried in the next round, a refusal after ten minutes and logged at info", async (context) => {
  const { host, server, messages, round } = setUp(context, "a10");
  server.failure = new SatelliteError("api-unreachable", "away");
  await round();
  await round();
  assert.equal(server.reads, 2);
  server.failure = new SatelliteError("api-forbidden", "not allowed");
  await round();
  await round();
  assert.equal(server.reads, 3);
  const logged = messages("info").filter((message) => message.includes("labels"));
  assert.deepEqual(logged, ["the Node's labels for its GPUs were not written"]);
  server.failure = undefined;
  host.clock.jump(10 * MINUTE_MS);
  await round();
  assert.equal(server.patches.length, 1);
});
