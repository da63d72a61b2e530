import assert from "node:assert/strict";
import { test } from "node:test";
import { readNetworkInterfaces, readPciDevices } from "../../agent/inventory/devices.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

function setUp() {
  const host = new MemoryHost();
  const addDevice = (address: string, pciClass: string, id: string, driver?: string) => {
    const [vendor = "", device = ""] = id.split(":");
    const folder = `/sys/bus/pci/devices/${address}`;
    host.files.put(`${folder}/class`, `${pciClass}\n`);
    host.files.put(`${folder}/vendor`, `0x${vendor}\n`);
    host.files.put(`${folder}/device`, `0x${device}\n`);
    if (driver !== undefined) host.files.putLink(`${folder}/driver`, `../../../bus/pci/drivers/${driver}`);
  };
  return { host, addDevice };
}

test("a GPU is shown without a driver, too; NVSwitches, accelerators and InfiniBand beside it, and nothing else", async () => {
  const { host, addDevice } = setUp();
  addDevice("0000:00:1f.0", "0x060100", "8086:7a04");
  addDevice("0000:05:00.0", "0x068000", "10de:22a3", "nvidia-nvswitch");
  addDevice("0000:06:00.0", "0x030200", "10de:2330", "nvidia");
  addDevice("0000:07:00.0", "0x030200", "10de:2330");
  addDevice("0000:08:00.0", "0x020700", "15b3:1021", "mlx5_core");
  addDevice("0000:09:00.0", "0x120000", "1002:74a1");
  addDevice("0000:0a:00.0", "0x068000", "8086:1111");
  assert.deepEqual(await readPciDevices(host), [
    { address: "0000:05:00.0", kind: "NVSwitch", id: "10de:22a3", driver: "nvidia-nvswitch" },
    { address: "0000:06:00.0", kind: "GPU", id: "10de:2330", driver: "nvidia" },
    { address: "0000:07:00.0", kind: "GPU", id: "10de:2330" },
    { address: "0000:08:00.0", kind: "InfiniBand", id: "15b3:1021", driver: "mlx5_core" },
    { address: "0000:09:00.0", kind: "accelerator", id: "1002:74a1" },
  ]);
});

test("interfaces without a device, such as those of pods, are left out; a speed that cannot be read is none", async () => {
  const { host } = setUp();
  for (const name of ["eth0", "eth1"]) {
    host.files.putLink(`/sys/class/net/${name}/device`, `../../../0000:01:00.${name.at(-1)}`);
    host.files.put(`/sys/class/net/${name}/mtu`, "1500\n");
    host.files.put(`/sys/class/net/${name}/address`, "02:00:00:00:00:01\n");
  }
  host.files.put("/sys/class/net/eth0/operstate", "up\n");
  host.files.put("/sys/class/net/eth0/speed", "100000\n");
  host.files.put("/sys/class/net/eth1/operstate", "down\n");
  host.files.put("/sys/class/net/eth1/speed", "-1\n");
  host.files.put("/sys/class/net/veth0/operstate", "up\n");
  assert.deepEqual(await readNetworkInterfaces(host), [
    { name: "eth0", state: "up", speed: 100_000, mtu: 1500 },
    { name: "eth1", state: "down", mtu: 1500 },
  ]);
});
