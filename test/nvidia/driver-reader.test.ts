import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createDriverReader } from "../../agent/nvidia/driver-reader.ts";
import { becomeGpuMachine, readGpuMachine } from "../fakes/gpu-machine.ts";
import { ROUND_MS, setUpGpuWatch } from "../fakes/gpu-watch.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

/** Files of the driver wait until they are let go. */
function hold(host: MemoryHost) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const read = host.files.read.bind(host.files);
  let reads = 0;
  host.files.read = async (path) => {
    if (path.endsWith("/information")) {
      reads += 1;
      await promise;
    }
    return read(path);
  };
  return { letGo: resolve, reads: () => reads };
}

test("a driver that hangs in a read is reported in time, and asked once", async () => {
  const host = new MemoryHost();
  becomeGpuMachine(host, readGpuMachine("h100-nvswitch-8"));
  const { letGo, reads } = hold(host);
  const read = createDriverReader(host);
  const first = read();
  await host.clock.advance(10_000);
  const { facts, problem } = await first;
  assert.deepEqual([problem?.code, facts.busIds.length, facts.driverVersion], ["gpu-driver-stuck", 8, undefined]);
  host.clock.jump(290_000);
  const again = read();
  await host.clock.advance(0);
  assert.match((await again).problem?.message ?? "", /has not ended for 300 s/);
  assert.equal(reads(), 1);
  letGo();
  await settle();
  const { facts: whole, problem: none } = await read();
  assert.deepEqual([whole.driven.length, none], [8, undefined]);
});

test("the conditions say that the driver hangs, and nothing hangs with it", async (context: TestContext) => {
  const { host, board, shown, watch, rounds } = setUpGpuWatch(context, "a10");
  await rounds(1);
  const { letGo } = hold(host);
  await host.clock.advance(ROUND_MS);
  const commands = host.commands.length;
  const running = watch.round();
  await host.clock.advance(10_000);
  await running;
  assert.deepEqual([shown().GpuDriver, shown().GpuHealthy], ["False GpuDriverStuck", "Unknown NoDriver"]);
  assert.match(board.get("GpuDriver").hint ?? "", /systemctl reboot/);
  assert.equal(host.commands.length, commands, "nvidia-smi would hang, too");
  letGo();
  await settle();
  await host.clock.advance(ROUND_MS);
  await rounds(1);
  assert.deepEqual([shown().GpuDriver, shown().GpuHealthy], ["True Loaded", "True Healthy"]);
});
