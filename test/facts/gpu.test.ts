import assert from "node:assert/strict";
import { test } from "node:test";
import { readGpu } from "../../agent/facts/gpu.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

function addDevice(host: MemoryHost, name: string, vendor: string, type: string): void {
  host.files.put(`/sys/bus/pci/devices/${name}/vendor`, `${vendor}\n`);
  host.files.put(`/sys/bus/pci/devices/${name}/class`, `${type}\n`);
}

test("GPUs are counted, and neither their audio functions, NVSwitches nor others' graphics", async () => {
  const host = new MemoryHost();
  addDevice(host, "0000:01:00.0", "0x10de", "0x030200");
  addDevice(host, "0000:02:00.0", "0x10de", "0x030000");
  addDevice(host, "0000:02:00.1", "0x10de", "0x040300");
  addDevice(host, "0000:03:00.0", "0x10de", "0x068000");
  addDevice(host, "0000:04:00.0", "0x8086", "0x030000");
  assert.deepEqual(await readGpu(host), { devices: 2 });
});

test("the driver's version is read from both kinds of kernel module", async () => {
  const host = new MemoryHost();
  const versions = [
    [
      "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version:",
      "550.54.15",
    ],
    ["NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86  Release Build  (root@x)", "570.86"],
  ];
  for (const [text = "", driverVersion] of versions) {
    host.files.put("/proc/driver/nvidia/version", text);
    assert.deepEqual(await readGpu(host), { devices: 0, driverVersion });
  }
});
