import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { GpuPart } from "../../agent/gpu/gpu-part.ts";
import { createBoard } from "../fakes/board.ts";
import { becomeGpuMachine, readGpuMachine } from "../fakes/gpu-machine.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleConfig } from "../fakes/samples.ts";

function setUp(context: TestContext, machine: string) {
  const host = new MemoryHost();
  becomeGpuMachine(host, readGpuMachine(machine));
  const { log } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const stop = new AbortController();
  context.after(() => stop.abort());
  const part = new GpuPart({
    ...{ host, log, board, config: sampleConfig(), signal: stop.signal },
    ...{ api: () => undefined, containerd: () => undefined, emit: () => undefined },
  });
  const samples = (name: string) =>
    part
      .metrics()
      .find((family) => family.name === `eks_satellite_${name}`)
      ?.samples();
  return { part, board, stop, samples };
}

test("before the first round there is neither view, nor status, nor samples", (context) => {
  const { part, samples } = setUp(context, "a10");
  assert.equal(part.view(), undefined);
  assert.deepEqual(part.status(), { gpu: undefined });
  assert.deepEqual(samples("gpu_healthy"), []);
});

test("a round observes the GPUs, and status and metrics show the same observation", async (context) => {
  const { part, board, samples } = setUp(context, "a10");
  await part.round();
  assert.equal(board.get("GpuHealthy").status, "True");
  const { gpu } = part.status();
  assert.deepEqual([gpu?.devices, gpu?.gpus?.[0]?.isAnswering], [1, true]);
  assert.equal(samples("gpu_healthy")?.[0]?.value, 1);
  assert.equal(samples("gpu_healthy")?.[0]?.labels?.uuid, gpu?.gpus?.[0]?.uuid);
});

test("it has ended when the kernel's log is no longer followed", async (context) => {
  const { part, stop } = setUp(context, "a10");
  await part.round();
  let hasEnded = false;
  const ended = part.ended().then(() => {
    hasEnded = true;
  });
  await Promise.resolve();
  assert.equal(hasEnded, false);
  stop.abort();
  await ended;
});

test("a machine without GPUs follows no log", async (context) => {
  const { part } = setUp(context, "no-gpu");
  await part.round();
  await part.ended();
  assert.equal(part.status().gpu?.devices, 0);
});
