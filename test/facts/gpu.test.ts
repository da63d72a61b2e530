import assert from "node:assert/strict";
import { test } from "node:test";
import { hasGpu, readGpus, toBusId } from "../../agent/facts/gpu.ts";
import { becomeGpuMachine, GPU_MACHINES, readGpuMachine } from "../fakes/gpu-machine.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

function addDevice(host: MemoryHost, name: string, vendor: string, type: string): void {
  host.files.put(`/sys/bus/pci/devices/${name}/vendor`, `${vendor}\n`);
  host.files.put(`/sys/bus/pci/devices/${name}/class`, `${type}\n`);
}

test("GPUs are found; their audio functions, NVSwitches, other vendors' graphics and the GPUs of a VM are not counted", async () => {
  const host = new MemoryHost();
  assert.equal(await hasGpu(host), false);
  addDevice(host, "0000:01:00.0", "0x10de", "0x030200");
  addDevice(host, "0000:02:00.0", "0x10de", "0x030000");
  addDevice(host, "0000:02:00.1", "0x10de", "0x040300");
  addDevice(host, "0000:03:00.0", "0x10de", "0x068000");
  addDevice(host, "0000:04:00.0", "0x8086", "0x030000");
  addDevice(host, "0000:05:00.0", "0x10de", "0x030200");
  host.files.putLink("/sys/bus/pci/devices/0000:05:00.0/driver", "../../../bus/pci/drivers/vfio-pci");
  assert.deepEqual(await readGpus(host), {
    busIds: ["0000:01:00.0", "0000:02:00.0"],
    nvSwitches: 1,
    driven: [],
    deviceNodes: 0,
  });
  assert.equal(await hasGpu(host), true);
});

test("of hundreds of devices only NVIDIA's are read, and none on a machine without any", async () => {
  const host = new MemoryHost();
  const reads: string[] = [];
  const read = host.files.read.bind(host.files);
  host.files.read = (path) => {
    reads.push(path);
    return read(path);
  };
  becomeGpuMachine(host, readGpuMachine("no-gpu"));
  host.files.put("/proc/bus/pci/devices", "0000\t80861237\t0\n0110\t1af41000\tb\n");
  await hasGpu(host);
  assert.deepEqual(reads.splice(0), ["/proc/bus/pci/devices"]);
  becomeGpuMachine(host, readGpuMachine("older-smi"));
  assert.equal(await hasGpu(host), true);
  const folder = "/sys/bus/pci/devices/0000:00:1e.0";
  assert.deepEqual(reads, ["/proc/bus/pci/devices", `${folder}/vendor`, `${folder}/class`]);
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
    assert.equal((await readGpus(host)).driverVersion, driverVersion);
  }
});

test("a GPU that the driver is bound to has uuid, product and device nodes; a uuid of question marks is undefined", async () => {
  const host = new MemoryHost();
  becomeGpuMachine(host, readGpuMachine("a10"));
  const { driven, deviceNodes } = await readGpus(host);
  const uuid = "GPU-5c1b0000-0000-4000-8000-000000000001";
  assert.deepEqual(driven, [{ busId: "0000:06:00.0", uuid, product: "NVIDIA A10" }]);
  assert.equal(deviceNodes, 1);
  const young = new MemoryHost();
  becomeGpuMachine(young, readGpuMachine("values-missing"));
  assert.deepEqual((await readGpus(young)).driven, [{ busId: "0000:06:00.0", product: "NVIDIA A10" }]);
});

test("a GPU that is excluded from the driver is not counted", async () => {
  for (const words of ["GPU Excluded:\t Yes", "Blacklisted:\t Yes"]) {
    const host = new MemoryHost();
    becomeGpuMachine(host, readGpuMachine("a10"));
    const file = "/proc/driver/nvidia/gpus/0000:06:00.0/information";
    host.files.put(file, (host.files.peek(file)?.content ?? "").replace("GPU Excluded:\t No", words));
    const { busIds, driven } = await readGpus(host);
    assert.deepEqual([busIds, driven], [[], []], words);
  }
});

test("a PCI address is the same in every spelling", () => {
  assert.equal(toBusId("00000000:3A:00.0"), "0000:3a:00.0");
  assert.equal(toBusId("0000:3a:00"), "0000:3a:00.0");
  assert.equal(toBusId("00000009:01:00.0"), "0009:01:00.0");
  assert.equal(toBusId("00010000:01:00.0"), "10000:01:00.0");
});

for (const name of GPU_MACHINES) {
  test(`${name}: every GPU on the bus is found, and no process is started for it`, async () => {
    const host = new MemoryHost();
    const machine = readGpuMachine(name);
    becomeGpuMachine(host, machine);
    assert.match(machine.note, /not recorded from hardware/);
    assert.equal((await readGpus(host)).busIds.length, machine.expected.devices);
    assert.deepEqual([host.commands, host.spawned], [[], []]);
  });
}
