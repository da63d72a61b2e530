import assert from "node:assert/strict";
import { test } from "node:test";
import { hasModule } from "../../agent/facts/kernel-module.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const BUILTIN = "/lib/modules/6.8.0-60-generic/modules.builtin";
const BRIDGE = "/proc/sys/net/bridge/bridge-nf-call-iptables";

test("a module is there when it is loaded", async () => {
  const host = new MemoryHost();
  host.files.putFolder("/sys/module/nf_tables");
  assert.equal(await hasModule(host, "nf_tables"), true);
  assert.equal(await hasModule(host, "nf-tables"), true, "the kernel's two spellings are one name");
  assert.equal(await hasModule(host, "nf_table"), false);
});

for (const [name, path, content] of [
  ["br_netfilter", BRIDGE, "1\n"],
  ["overlay", "/proc/filesystems", "nodev\tsysfs\nnodev\toverlay\n\text4\n"],
  ["br_netfilter", BUILTIN, "kernel/fs/ext4/ext4.ko\nkernel/net/bridge/br_netfilter.ko\n"],
  ["ip_tables", BUILTIN, "kernel/net/ipv4/netfilter/ip-tables.ko\n"],
] as const)
  test(`${name} is there when it is built in and only ${path} says so`, async () => {
    const host = new MemoryHost();
    host.files.put(path, content);
    assert.equal(await hasModule(host, name), true);
  });

test("a module is not there because of another kernel's list, a longer name, or another file system", async () => {
  const host = new MemoryHost();
  host.files.put("/lib/modules/5.4.0-1-generic/modules.builtin", "kernel/net/bridge/br_netfilter.ko\n");
  host.files.put(BUILTIN, "kernel/fs/my_overlay.ko\nkernel/fs/overlayfs.ko\n");
  host.files.put("/proc/filesystems", "nodev\tfuse.overlay\nnodev\toverlayfs\n");
  assert.deepEqual([await hasModule(host, "br_netfilter"), await hasModule(host, "overlay")], [false, false]);
});
