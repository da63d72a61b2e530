import assert from "node:assert/strict";
import { test } from "node:test";
import { GpuHistory } from "../../agent/gpu/gpu-history.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const FILE = "/var/lib/eks-satellite/gpu.json";
const BOOT_ID = "/proc/sys/kernel/random/boot_id";
const FAULT = "GPU-5c1b gpu-xid-79";

function setUp() {
  const host = new MemoryHost();
  const { log, messages } = createMemoryLog();
  /** A daemon that starts in this boot. */
  const start = async (boot: string | undefined) => {
    if (boot !== undefined) host.files.put(BOOT_ID, `${boot}\n`);
    const history = new GpuHistory(host, FILE, log);
    await history.load();
    return history;
  };
  return { host, start, messages };
}

test("a fault in three boots is a fault of the hardware, however often it occurs in one", async () => {
  const { start } = setUp();
  for (const [boot, isHardware] of [
    ["1", false],
    ["2", false],
    ["2", false],
    ["3", true],
  ] as const) {
    const history = await start(boot);
    await history.note([FAULT]);
    await history.note([FAULT]);
    assert.equal(history.isHardware(FAULT), isHardware, `boot ${boot}`);
    assert.equal(history.isHardware("GPU-5c1b gpu-xid-48"), false);
  }
});

test("only new faults are written", async () => {
  const { host, start } = setUp();
  const history = await start("1");
  await history.note([FAULT]);
  const before = host.files.changes.length;
  await history.note([FAULT]);
  await history.note([]);
  assert.equal(host.files.changes.length, before);
});

test("after ten boots without it a fault is forgotten", async () => {
  const { host, start } = setUp();
  for (const boot of ["1", "2", "3"]) await (await start(boot)).note([FAULT]);
  for (let boot = 4; boot <= 12; boot += 1) await (await start(String(boot))).note(["other"]);
  assert.equal((await start("12")).isHardware(FAULT), false);
  assert.doesNotMatch(host.files.peek(FILE)?.content ?? "", /"1"/);
});

test("labels are remembered over restarts, and written only when they change", async () => {
  const { host, start } = setUp();
  const history = await start("1");
  await history.noteLabels(["nvidia.com/gpu.count"]);
  const before = host.files.changes.length;
  await history.noteLabels(["nvidia.com/gpu.count"]);
  assert.equal(host.files.changes.length, before);
  assert.deepEqual((await start("1")).labels, ["nvidia.com/gpu.count"]);
});

test("a damaged file is logged and starts again; without a boot id nothing is remembered", async () => {
  const { host, start, messages } = setUp();
  host.files.put(FILE, "{");
  const history = await start(undefined);
  assert.deepEqual(messages("info"), ["the history of GPU faults is not readable and starts again"]);
  await history.note([FAULT]);
  assert.equal(host.files.peek(FILE)?.content, "{");
});
