import assert from "node:assert/strict";
import { test } from "node:test";
import type { KernelModuleResource, SysctlResource } from "../../agent/plan/resource.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { actionsOf, codesOf, createRounds, failureOf } from "../fakes/rounds.ts";

const PANIC: SysctlResource = { kind: "sysctl", key: "kernel.panic", value: "10", why: "kubelet demands it" };
const OVERLAY: KernelModuleResource = { kind: "kernel-module", name: "overlay", why: "snapshotter" };

test("a live setting is written in place below /proc/sys, once", async () => {
  const host = new MemoryHost();
  host.files.put("/proc/sys/kernel/panic", "0\n");
  const { apply } = createRounds(host);
  const [change] = (await apply(PANIC)).changes;
  assert.deepEqual([change?.action, change?.before, change?.after], ["set", "0", "10"]);
  assert.deepEqual(actionsOf(await apply(PANIC)), []);
});

test("forwarding is switched on when Docker has had its turn, and no other setting waits for it", async () => {
  const host = new MemoryHost();
  for (const file of ["net/ipv4/ip_forward", "kernel/panic"]) host.files.put(`/proc/sys/${file}`, "0\n");
  host.install("systemctl", () => ({ stdout: "ActiveState=activating\nUnitFileState=enabled\n" }));
  const { apply } = createRounds(host);
  await apply(PANIC);
  assert.deepEqual(host.commands, []);
  const round = apply({ ...PANIC, key: "net.ipv4.ip_forward", value: "1" });
  await host.clock.advance(19_000);
  assert.equal(host.files.peek("/proc/sys/net/ipv4/ip_forward")?.content, "0\n");
  await host.clock.advance(1000);
  assert.deepEqual(actionsOf(await round), ["set"]);
  assert.equal(host.files.peek("/proc/sys/net/ipv4/ip_forward")?.content, "1");
});

test("a key with dashes keeps them: net.bridge.bridge-nf-call-iptables", async () => {
  const host = new MemoryHost();
  host.files.put("/proc/sys/net/bridge/bridge-nf-call-iptables", "0\n");
  await createRounds(host).apply({ ...PANIC, key: "net.bridge.bridge-nf-call-iptables", value: "1" });
  assert.equal(host.files.peek("/proc/sys/net/bridge/bridge-nf-call-iptables")?.content, "1");
});

test("a setting that the kernel does not have is an error with its name", async () => {
  const round = await createRounds(new MemoryHost()).apply(PANIC);
  assert.deepEqual(codesOf(round), ["sysctl-missing"]);
  assert.match(failureOf(round), /kernel\.panic/);
});

test("a setting that may not be written, as in a container, is an error and not a crash", async () => {
  const host = new MemoryHost();
  host.files.put("/proc/sys/kernel/panic", "0\n");
  host.files.refuseWrites("/proc/sys", "EROFS");
  assert.deepEqual(codesOf(await createRounds(host).apply(PANIC)), ["file-unwritable"]);
});

test("a module is loaded when it is neither loaded nor built in", async () => {
  const host = new MemoryHost();
  host.install("modprobe", ([name]) => {
    host.files.putFolder(`/sys/module/${name}`);
    return {};
  });
  const { apply } = createRounds(host);
  assert.deepEqual(actionsOf(await apply(OVERLAY)), ["load"]);
  assert.deepEqual(actionsOf(await apply(OVERLAY)), []);
  assert.deepEqual(host.commands, ["modprobe overlay"]);
});

test("a setting that a module brings is set in the same round that loads the module", async () => {
  const host = new MemoryHost();
  const key = "net.bridge.bridge-nf-call-iptables";
  host.install("modprobe", ([name]) => {
    host.files.putFolder(`/sys/module/${name}`);
    host.files.put("/proc/sys/net/bridge/bridge-nf-call-iptables", "0\n");
    return {};
  });
  const round = await createRounds(host).apply({ ...OVERLAY, name: "br_netfilter" }, { ...PANIC, key, value: "1" });
  assert.deepEqual([codesOf(round), actionsOf(round)], [[], ["load", "set"]]);
});

test("a dry run expects the setting of the module that it would load", async () => {
  const host = new MemoryHost();
  const round = await createRounds(host).dryRun(OVERLAY, PANIC);
  assert.deepEqual([codesOf(round), actionsOf(round)], [[], ["load", "set"]]);
});

test("a module that cannot be loaded is reported with modprobe's words and the package that has it", async () => {
  const host = new MemoryHost();
  host.install("modprobe", () => ({ exitCode: 1, stderr: "modprobe: FATAL: Module overlay not found\n" }));
  const round = await createRounds(host).apply(OVERLAY);
  assert.deepEqual(codesOf(round), ["module-missing"]);
  assert.match(failureOf(round), /Module overlay not found$/);
});

for (const exitCode of [0, 1])
  test(`a module that is built in is left alone in every round, whatever modprobe says (${exitCode})`, async () => {
    const host = new MemoryHost();
    host.install("modprobe", () => ({ exitCode, stderr: "modprobe: FATAL: Module br_netfilter not found\n" }));
    host.files.put("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n");
    const { apply } = createRounds(host);
    for (let round = 0; round < 3; round++) {
      const done = await apply({ ...OVERLAY, name: "br_netfilter" });
      assert.deepEqual([codesOf(done), actionsOf(done)], [[], []]);
    }
    assert.deepEqual(host.commands, []);
  });

test("a modprobe that exits with 0 and loads nothing is reported as an error, and not as a change in each round", async () => {
  const host = new MemoryHost();
  host.install("modprobe", () => ({}));
  const round = await createRounds(host).apply(OVERLAY);
  assert.deepEqual([codesOf(round), actionsOf(round)], [["module-missing"], []]);
  assert.match(failureOf(round), /loaded nothing/);
});
