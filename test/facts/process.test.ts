import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { findProcesses, isAlive, isOfMachine, readProcess, readStartMs, readUnit } from "../../agent/facts/process.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const stat = (name: string, state: string, startTicks: number) =>
  `7 (${name}) ${state} 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 ${startTicks} 0 0\n`;

test("a process is known by pid and start time", async () => {
  const host = new MemoryHost();
  host.files.put("/proc/7/stat", stat("kubelet", "S", 12345));
  assert.deepEqual(await readProcess(host, 7), { pid: 7, startTicks: 12345 });
  assert.equal(await isAlive(host, { pid: 7, startTicks: 12345 }), true);
  assert.equal(await isAlive(host, { pid: 7, startTicks: 12344 }), false, "the pid belongs to another process now");
  assert.equal(await isAlive(host, { pid: 8, startTicks: 1 }), false);
});

test("a command's name with spaces and parentheses does not confuse the fields", async () => {
  const host = new MemoryHost();
  host.files.put("/proc/7/stat", stat("a) S 1 (b", "R", 99));
  assert.equal((await readProcess(host, 7))?.startTicks, 99);
});

test("a zombie has ended", async () => {
  const host = new MemoryHost();
  host.files.put("/proc/7/stat", stat("kubelet", "Z", 12345));
  assert.equal(await readProcess(host, 7), undefined);
});

test("a process's start is read in milliseconds since the epoch", async () => {
  const host = new MemoryHost();
  host.files.put("/proc/stat", "cpu 0 0\nbtime 1000000\nprocesses 5\n");
  assert.equal(await readStartMs(host, { pid: 7, startTicks: 250 }), 1_000_002_500);
});

test("processes are found by name, and their unit by cgroup in both versions", async () => {
  const host = new MemoryHost();
  host.files.put("/proc/7/comm", "kubelet\n");
  host.files.put("/proc/8/comm", "kubelet-exporter\n");
  host.files.put("/proc/self/comm", "kubelet\n");
  host.files.put("/proc/7/cgroup", "0::/system.slice/kubelet.service\n");
  host.files.put("/proc/8/cgroup", "12:pids:/system.slice/snap.kubelet.daemon.service\n0::/\n");
  host.files.put("/proc/9/cgroup", "0::/user.slice/user-0.slice/session-2.scope\n");
  assert.deepEqual(await findProcesses(host, "kubelet"), [7]);
  assert.equal(await readUnit(host, 7), "kubelet.service");
  assert.equal(await readUnit(host, 8), "snap.kubelet.daemon.service");
  assert.equal(await readUnit(host, 9), "session-2.scope");
  assert.equal(await readUnit(host, 10), undefined);
});

test("on this very machine this very process is found, and its start lies in the past", async () => {
  const host = createLinuxHost();
  const self = await readProcess(host, process.pid);
  assert.ok(self !== undefined);
  assert.equal(await isAlive(host, self), true);
  const ageMs = Date.now() - (await readStartMs(host, self));
  assert.ok(ageMs > -2000 && ageMs < 600_000, `${ageMs} ms old`);
});

test("on this very machine this very process is root's and in no container's name spaces, and an unprivileged one is not", {
  skip: process.getuid?.() === 0 ? false : "only root may give up its user",
}, async () => {
  const host = createLinuxHost();
  const [other, nested] = await Promise.all([
    startSleeper("setpriv", "--reuid=65534", "--clear-groups"),
    startSleeper("unshare", "--mount"),
  ]);
  assert.equal(await isOfMachine(host, process.pid), true);
  assert.equal(await isOfMachine(host, other.pid), false);
  assert.equal(await isOfMachine(host, nested.pid), false);
  for (const child of [other, nested]) child.kill("SIGKILL");
});

/** A process that a command starts with its privileges changed; it says so before it sleeps. */
async function startSleeper(command: string, ...args: readonly string[]) {
  const environment = { PATH: process.env.PATH ?? "" };
  const child = createLinuxHost().spawn(command, [...args, "sh", "-c", "echo ready; exec sleep 60"], environment);
  await once(child.stdout, "data");
  return child;
}

test("on a machine that is itself a container its own processes still differ from those of its pods", async () => {
  const host = new MemoryHost();
  const outer = `/docker/${"ab".repeat(32)}`;
  host.files.put("/proc/self/cgroup", `0::${outer}/system.slice/eks-satellite.service\n`);
  const own = host.processes.start({ name: "kubelet", cgroup: `${outer}/system.slice/kubelet.service` });
  const pod = "kubepods-pod0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0.slice";
  const pods = host.processes.start({ name: "kubelet", cgroup: `${outer}/kubepods.slice/${pod}/cri.scope` });
  assert.deepEqual([await isOfMachine(host, own.pid), await isOfMachine(host, pods.pid)], [true, false]);
});
