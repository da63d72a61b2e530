import assert from "node:assert/strict";
import { test } from "node:test";
import { CONDITION_TYPES } from "../../agent/board/condition-types.ts";
import { SatelliteError } from "../../agent/errors.ts";
import { GPU_CONDITIONS } from "../../agent/gpu/gpu-report.ts";
import type { NodeApi, NodeConditionPatch, NodeEventObject } from "../../agent/kubernetes/node-api.ts";
import { NodeReporter } from "../../agent/node/node-reporter.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { READY } from "../fakes/memory-node-api.ts";

const MINUTE_MS = 60_000;

function setUp() {
  const host = new MemoryHost();
  const { log } = createMemoryLog();
  const board = createBoard(log, host.clock);
  for (const type of CONDITION_TYPES) board.setTrue(type, "Good", `${type} is good`);
  for (const type of GPU_CONDITIONS) board.setTrue(type, "NoGpu", "there is no NVIDIA GPU on the PCI bus");
  const conditions: NodeConditionPatch[] = [];
  const events: NodeEventObject[] = [];
  const removed: string[] = [];
  const server = { failure: undefined as Error | undefined };
  const api = {
    patchCondition: async (_name: string, condition: NodeConditionPatch) => {
      if (server.failure !== undefined) throw server.failure;
      conditions.push(condition);
    },
    removeCondition: async (_name: string, type: string) => void removed.push(type),
    createEvent: async (event: NodeEventObject) => {
      if (server.failure !== undefined) throw server.failure;
      events.push(event);
    },
  } as unknown as NodeApi;
  const reporter = new NodeReporter({ host, log, board, name: "gpu-1", api: () => api });
  const fail = () => {
    board.set("DiskAvailable", { status: "False", reason: "DiskFull", message: "/var is full", hint: "df -h" });
    reporter.noteChange(board.get("DiskAvailable"), true);
  };
  /** The Node as the watch sees it: what the daemon wrote, and what another program says of the GPUs. */
  const see = (type: string, status: string) => {
    const heartbeatMs = host.clock.now();
    const own = { type: "GpuHealthy", status: "True", heartbeatMs };
    reporter.see({ ...READY, gpuConditions: [own, { type, status, heartbeatMs }] });
  };
  const gpuReports = () => conditions.filter(({ type }) => type === "GpuHealthy");
  return { host, board, conditions, events, removed, server, reporter, fail, see, gpuReports };
}

test("a healthy node says so once, and repeats it every five minutes", async () => {
  const { host, conditions, reporter } = setUp();
  for (let round = 0; round < 22; round += 1) {
    await reporter.report();
    host.clock.jump(MINUTE_MS / 2);
  }
  assert.deepEqual(
    conditions.map(({ type, status, reason, lastHeartbeatTime }) => [type, status, reason, lastHeartbeatTime]),
    ["04:05", "09:05", "14:05"].map((time) => ["SatelliteHealthy", "True", "Healthy", `2026-01-02T03:${time}Z`]),
  );
});

test("a root cause is on the Node at once, with its hint, as a condition and as an event; its end too", async () => {
  const { host, board, conditions, events, reporter, fail } = setUp();
  await reporter.report();
  host.clock.jump(1000);
  fail();
  await reporter.report();
  const { status, reason, message, lastTransitionTime } = conditions[1] ?? {};
  assert.deepEqual([status, reason, lastTransitionTime], ["False", "DiskFull", "2026-01-02T03:04:06Z"]);
  assert.equal(message, "DiskAvailable: /var is full → df -h");
  board.setTrue("DiskAvailable", "Available", "room");
  await reporter.report();
  assert.equal(conditions[2]?.status, "True");
  assert.deepEqual(
    events.map(({ type, reason, message }) => [type, reason, message]),
    [
      ["Warning", "DiskFull", "/var is full → df -h"],
      ["Normal", "SatelliteHealthy", "NodeReady is good"],
    ],
  );
  assert.deepEqual(events[0]?.involvedObject, { apiVersion: "v1", kind: "Node", name: "gpu-1", uid: "gpu-1" });
});

test("a machine with GPUs has a condition for them, with the advice; one without has none", async () => {
  const { host, board, conditions, events, reporter } = setUp();
  for (const type of GPU_CONDITIONS) board.setTrue(type, "NoGpu", "there is no NVIDIA GPU on the PCI bus");
  await reporter.report();
  assert.deepEqual(
    conditions.map(({ type }) => type),
    ["SatelliteHealthy"],
  );
  for (const type of GPU_CONDITIONS) board.setTrue(type, "Healthy", "no fault on 1 GPU");
  await reporter.report();
  assert.deepEqual([conditions[1]?.type, conditions[1]?.status], ["GpuHealthy", "True"]);
  const fault = new SatelliteError("gpu-xid-79", "GPU 0000:06:00.0: Xid 79", { hint: "Action: reboot." });
  board.setFailed("GpuHealthy", fault);
  reporter.noteChange(board.get("GpuHealthy"), true);
  await reporter.report();
  const reported = conditions.slice(2).map(({ type, status, reason, message }) => [type, status, reason, message]);
  assert.deepEqual(reported, [
    ["SatelliteHealthy", "False", "GpuXid79", "GpuHealthy: GPU 0000:06:00.0: Xid 79 → Action: reboot."],
    ["GpuHealthy", "False", "GpuXid79", "GPU 0000:06:00.0: Xid 79 → Action: reboot."],
  ]);
  assert.deepEqual(
    events.map(({ reason }) => reason),
    ["GpuXid79"],
  );
  board.setFailed("GpuDriver", new SatelliteError("gpu-driver-missing", "no driver is loaded"));
  board.setUnknown("GpuHealthy", "NoDriver", "nothing can be said");
  await reporter.report();
  assert.deepEqual([conditions.at(-1)?.type, conditions.at(-1)?.reason], ["GpuHealthy", "GpuDriverMissing"]);
  host.clock.jump(6 * MINUTE_MS);
  for (const type of GPU_CONDITIONS) board.setTrue(type, "NoGpu", "there is no NVIDIA GPU on the PCI bus");
  await reporter.report();
  assert.deepEqual(
    [conditions.at(-1)?.type, conditions.at(-1)?.reason],
    ["GpuHealthy", "NoGpu"],
    "the last word is corrected",
  );
});

test("the same event is sent once in ten minutes", async () => {
  const { host, events, reporter, fail } = setUp();
  fail();
  fail();
  await reporter.report();
  host.clock.jump(11 * MINUTE_MS);
  fail();
  await reporter.report();
  assert.equal(events.length, 2);
});

test("what happens while the API server is away is sent when it is back", async () => {
  const { conditions, events, server, reporter, fail } = setUp();
  server.failure = new SatelliteError("api-unreachable", "away");
  fail();
  await reporter.report();
  assert.deepEqual([conditions.length, events.length], [0, 0]);
  server.failure = undefined;
  await reporter.report();
  assert.deepEqual([conditions[0]?.reason, events[0]?.reason], ["DiskFull", "DiskFull"]);
});

test("a Node that was registered anew gets its condition again, and an absent one is left alone", async () => {
  const { host, board, conditions, reporter } = setUp();
  await reporter.report();
  reporter.forget();
  await reporter.report();
  assert.equal(conditions.length, 2);
  board.setUnknown("NodeReady", "NotAsked", "the API server does not answer");
  await host.clock.advance(10_000);
  host.clock.jump(10 * MINUTE_MS);
  await reporter.report();
  assert.equal(conditions.length, 2);
});

test("a daemon that has only just started leaves its predecessor's word standing until it knows better", async () => {
  const { board, conditions, events, reporter } = setUp();
  board.setUnknown("DiskAvailable", "Starting", "not observed yet");
  await reporter.report();
  assert.equal(conditions.length, 0);
  board.setTrue("DiskAvailable", "Available", "room");
  await reporter.report();
  assert.deepEqual(
    [conditions.map(({ status, reason }) => [status, reason]), events.length],
    [[["True", "Healthy"]], 0],
  );
});

test("of two root causes the condition's reason and message are of the same one", async () => {
  const { board, conditions, reporter } = setUp();
  board.set("ConfigValid", { status: "False", reason: "ConfigInvalid", message: "a misspelt key" });
  board.set("DiskAvailable", { status: "False", reason: "DiskFull", message: "/var is full" });
  await reporter.report();
  assert.deepEqual([conditions[0]?.reason, conditions[0]?.message], ["DiskFull", "DiskAvailable: /var is full"]);
});

const XID = new SatelliteError("gpu-xid-79", "GPU 0000:06:00.0: Xid 79", { hint: "Action: reboot." });

test("where another program reports the GPUs, ours is removed once and not written; it is back when that program has gone", async () => {
  const { host, board, removed, reporter, see, gpuReports } = setUp();
  for (const type of GPU_CONDITIONS) board.setTrue(type, "Healthy", "no fault on 1 GPU");
  await reporter.report();
  assert.equal(gpuReports().length, 1);
  for (let round = 0; round < 3; round += 1) {
    see("AcceleratedHardwareReady", "True");
    await reporter.report();
    host.clock.jump(6 * MINUTE_MS);
  }
  assert.deepEqual([gpuReports().length, removed.length > 0, new Set(removed)], [1, true, new Set(["GpuHealthy"])]);
  host.clock.jump(16 * MINUTE_MS);
  await reporter.report();
  assert.equal(gpuReports().length, 2);
});

test("a fault that another program does not report is written, with its opinion; one that it reports, too, is not", async () => {
  const { board, removed, reporter, see, gpuReports } = setUp();
  for (const type of GPU_CONDITIONS) board.setTrue(type, "Healthy", "no fault on 1 GPU");
  board.setFailed("GpuHealthy", XID);
  see("AcceleratedHardwareReady", "True");
  await reporter.report();
  const [report] = gpuReports();
  assert.deepEqual([report?.status, report?.reason, removed], ["False", "GpuXid79", []]);
  assert.match(report?.message ?? "", /Xid 79.*; AcceleratedHardwareReady, of another program, names no fault$/);
  see("AcceleratedHardwareReady", "False");
  await reporter.report();
  assert.deepEqual([gpuReports().length, removed], [1, ["GpuHealthy"]]);
});

test("the verdict is ours alone, and is written beside any other program", async () => {
  const { board, conditions, reporter, see } = setUp();
  for (const type of GPU_CONDITIONS) board.setTrue(type, "Healthy", "no fault on 1 GPU");
  see("GPUMissing", "False");
  await reporter.report();
  assert.deepEqual(
    conditions.map(({ type }) => type),
    ["SatelliteHealthy"],
  );
});
