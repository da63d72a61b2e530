import assert from "node:assert/strict";
import { test } from "node:test";
import { PART_SCHEMAS } from "../../agent/inventory/parts.ts";
import type { Inventory } from "../../agent/inventory/read-inventory.ts";
import { renderInventory, renderOverview } from "../../agent/inventory/render.ts";

const INVENTORY: Inventory = {
  system: PART_SCHEMAS.system.parse({
    system: { manufacturer: "QEMU", model: "Standard PC", virtual: true, virtualHost: "KVM" },
    board: { manufacturer: "QEMU", model: "Q35" },
    bios: { vendor: "SeaBIOS", version: "1.16", releaseDate: "2014-04-01" },
  }),
  cpu: PART_SCHEMAS.cpu.parse({ manufacturer: "AMD", brand: "EPYC 7J13", processors: 1, physicalCores: 15, cores: 30 }),
  memory: PART_SCHEMAS.memory.parse([
    { size: 2 ** 34, type: "DDR4", bank: "DIMM 0", clockSpeed: 3200, ecc: true },
    { size: 2 ** 34, type: "DDR4" },
  ]),
  disks: PART_SCHEMAS.disks.parse([{ name: "vda", size: 1.4e12, physical: "HDD", protocol: "virtio" }]),
  network: [{ name: "eno1", state: "up", speed: 10_000, mtu: 9000, driver: "virtio_net" }],
  pci: [
    { address: "0000:06:00.0", kind: "GPU", id: "10de:2236", driver: "nvidia" },
    { address: "0000:07:00.0", kind: "GPU", id: "10de:2236" },
  ],
  problems: [],
};

test("the overview is one line, and says of a GPU that it has no driver", () => {
  assert.equal(
    renderOverview(INVENTORY),
    "QEMU Standard PC (virtual, KVM); EPYC 7J13, 30 threads; 2 memory modules of 32 GiB; 1 disks of 1400 GB; 1 network interfaces; 1 GPU (10de:2236), 1 GPU (10de:2236, no driver)",
  );
  assert.equal(renderOverview({ problems: [] }), "");
});

test("for people each thing is a line, and what could not be read is at the end", () => {
  const problems = [{ part: "disks", message: "no answer in 20 s" }];
  assert.equal(
    renderInventory({ ...INVENTORY, disks: undefined, problems }),
    `system    QEMU Standard PC (virtual, KVM)
board     QEMU Q35
BIOS      SeaBIOS 1.16 2014-04-01
CPU       AMD EPYC 7J13, 1 sockets, 15 cores, 30 threads
memory    DIMM 0 16 GiB DDR4 3200 MHz ECC
memory    16 GiB DDR4
network   eno1 up 10000 Mbit/s MTU 9000 virtio_net
PCI       0000:06:00.0 GPU 10de:2236 nvidia
PCI       0000:07:00.0 GPU 10de:2236 no driver
disks: not known: no answer in 20 s
`,
  );
  assert.match(renderInventory(INVENTORY), /^disk {6}vda 1400 GB HDD virtio$/m);
});

test("what is not known of an interface is left out", () => {
  assert.equal(renderInventory({ network: [{ name: "eno1" }], problems: [] }), "network   eno1\n");
});
