import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../fakes/memory-clock.ts";
import { PROCESS_FILE, setUpKubelet, setUpRunning, specOf } from "../fakes/memory-kubelet.ts";

test("a kubelet that an earlier run left behind is ended before another is started", async () => {
  const { host, kubelet, stop } = setUpKubelet();
  const left = host.processes.start({ name: "kubelet" });
  const startTicks = Number(host.files.peek(`/proc/${left.pid}/stat`)?.content.split(" ")[21]);
  host.files.put(PROCESS_FILE, JSON.stringify({ pid: left.pid, startTicks }));
  kubelet.want(specOf("1"));
  void kubelet.run(stop.signal);
  await host.clock.advance(100);
  assert.deepEqual(left.signals, ["SIGTERM"]);
  assert.equal(host.spawned.length, 1);
});

test("a left-behind kubelet that ignores SIGTERM is killed after its grace", async () => {
  const { host, kubelet, stop } = setUpKubelet();
  const left = host.processes.start({ name: "kubelet", onTerm: () => undefined });
  const startTicks = Number(host.files.peek(`/proc/${left.pid}/stat`)?.content.split(" ")[21]);
  host.files.put(PROCESS_FILE, JSON.stringify({ pid: left.pid, startTicks }));
  void kubelet.run(stop.signal);
  await host.clock.advance(19_000);
  assert.deepEqual(left.signals, ["SIGTERM"]);
  await host.clock.advance(2000);
  assert.equal(left.isAlive, false);
});

test("a process that has got the pid of an earlier kubelet is not touched", async () => {
  const { host, kubelet, stop } = setUpKubelet();
  const foreign = host.processes.start({ name: "postgres" });
  host.files.put(PROCESS_FILE, JSON.stringify({ pid: foreign.pid, startTicks: 1 }));
  kubelet.want(specOf("1"));
  void kubelet.run(stop.signal);
  await host.clock.advance(1000);
  assert.deepEqual(foreign.signals, []);
  assert.equal(host.spawned.length, 1);
});

test("a damaged note of the last kubelet's pid is no note", async () => {
  const { host, kubelet, stop } = setUpKubelet();
  for (const text of ["", "{", '{"pid": "1"}']) host.files.put(PROCESS_FILE, text);
  kubelet.want(specOf("1"));
  void kubelet.run(stop.signal);
  await settle();
  assert.equal(host.spawned.length, 1);
});

test("pid and start time of the running kubelet are noted for the next run, privately", async () => {
  const { host, current } = await setUpRunning();
  const note = JSON.parse(host.files.peek(PROCESS_FILE)?.content ?? "{}");
  assert.equal(note.pid, current().pid);
  assert.ok(Number.isInteger(note.startTicks));
  assert.equal(host.files.peek(PROCESS_FILE)?.mode, 0o600);
});

test("a left-behind kubelet in state D is reported after half a minute, waited for two, and does not keep the daemon from stopping", async () => {
  const { host, board, kubelet, stop } = setUpKubelet();
  const left = host.processes.start({ name: "kubelet", onTerm: () => undefined });
  left.kill = () => undefined; // Not even SIGKILL.
  const startTicks = Number(host.files.peek(`/proc/${left.pid}/stat`)?.content.split(" ")[21]);
  host.files.put(PROCESS_FILE, JSON.stringify({ pid: left.pid, startTicks }));
  kubelet.want(specOf("1"));
  const running = kubelet.run(stop.signal);
  await host.clock.advance(45_000);
  assert.notEqual(board.get("KubeletRunning").reason, "KubeletStuck");
  await host.clock.advance(10_000);
  const { reason, message } = board.get("KubeletRunning");
  assert.deepEqual([reason, message.includes(`pid ${left.pid}`)], ["KubeletStuck", true]);
  assert.equal(host.spawned.length, 0);
  await host.clock.advance(120_000);
  assert.equal(host.spawned.length, 1, "the supervisor goes on: its preparation refuses what is in the way");
  stop.abort();
  await host.clock.advance(1000);
  await running;

  const other = setUpKubelet();
  const stuck = other.host.processes.start({ name: "kubelet", onTerm: () => undefined });
  stuck.kill = () => undefined;
  const ticks = Number(other.host.files.peek(`/proc/${stuck.pid}/stat`)?.content.split(" ")[21]);
  other.host.files.put(PROCESS_FILE, JSON.stringify({ pid: stuck.pid, startTicks: ticks }));
  const ending = other.kubelet.run(other.stop.signal);
  await other.host.clock.advance(1000);
  other.stop.abort();
  await ending;
});
