import assert from "node:assert/strict";
import { test } from "node:test";
import type { GpuFacts } from "../../agent/facts/gpu.ts";
import { describeNvidiaDevices } from "../../agent/nvidia/nvidia-devices.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const UUID = "GPU-5c1b0000-0000-0000-0000-000000000000";
const GPUS: GpuFacts = {
  ...{ busIds: ["0000:06:00.0"], nvSwitches: 0, deviceNodes: 1, driverVersion: "550.54.15" },
  driven: [{ busId: "0000:06:00.0", uuid: UUID }],
};

function setUp(): MemoryHost {
  const host = new MemoryHost();
  host.files.put("/proc/devices", "Character devices:\n  1 mem\n195 nvidia\n195 nvidiactl\n\nBlock devices:\n  8 sd\n");
  for (const name of ["null", "nvidia0", "nvidiactl"]) host.files.put(`/dev/${name}`, "");
  return host;
}

test("without a driver there is no description", async () => {
  const { driverVersion: _, ...facts } = GPUS;
  assert.equal(await describeNvidiaDevices(setUp(), facts), undefined);
});

test("the description names driver, GPUs, device nodes and their numbers, and is stable", async () => {
  const text = await describeNvidiaDevices(setUp(), GPUS);
  assert.equal(text, await describeNvidiaDevices(setUp(), GPUS));
  assert.deepEqual(JSON.parse(text ?? ""), {
    ...{ driverVersion: "550.54.15", busIds: ["0000:06:00.0"], uuids: [UUID] },
    ...{ nodes: ["nvidia0", "nvidiactl"], numbers: ["195 nvidia", "195 nvidiactl"], instances: [] },
  });
});

for (const [what, change] of [
  ["nvidia-uvm that is loaded later", (host: MemoryHost) => host.files.put("/dev/nvidia-uvm", "")],
  [
    "nvidia-uvm under another number",
    (host: MemoryHost) => host.files.put("/proc/devices", "195 nvidia\n195 nvidiactl\n511 nvidia-uvm\n"),
  ],
  [
    "a MIG instance",
    (host: MemoryHost) => host.files.put("/proc/driver/nvidia/capabilities/gpu0/mig/gi3/ci0/access", ""),
  ],
] as const) {
  test(`${what} changes the description`, async () => {
    const host = setUp();
    const before = await describeNvidiaDevices(host, GPUS);
    change(host);
    assert.notEqual(await describeNvidiaDevices(host, GPUS), before);
  });
}
