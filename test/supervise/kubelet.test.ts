import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { Kubelet, type KubeletSpec } from "../../agent/supervise/kubelet.ts";
import { createBoard } from "../fakes/board.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const PROCESS_FILE = "/run/eks-satellite/kubelet-process.json";
const COMMAND = { path: "/usr/bin/kubelet", args: ["--config=/a"] };
const specOf = (digest: string): KubeletSpec => ({ command: COMMAND, digest });

function setUp() {
  const host = new MemoryHost();
  host.install(COMMAND.path, () => ({}));
  const memoryLog = createMemoryLog();
  const board = createBoard(memoryLog.log, host.clock);
  const stop = new AbortController();
  const prepared = { obstacle: undefined as Error | undefined, times: 0 };
  const refusals = { count: 0 };
  const kubelet = new Kubelet({
    host,
    log: memoryLog.log,
    board,
    processFile: PROCESS_FILE,
    stopSeconds: 20,
    environment: { PATH: "/usr/bin" },
    prepare: async () => {
      prepared.times += 1;
      if (prepared.obstacle !== undefined) throw prepared.obstacle;
    },
    onUnauthorized: () => {
      refusals.count += 1;
    },
  });
  const current = () => {
    const last = host.spawned.at(-1);
    assert.ok(last !== undefined, "kubelet was started");
    return last.process;
  };
  return { host, board, kubelet, prepared, refusals, stop, current, ...memoryLog };
}

/** A kubelet that runs. */
async function setUpRunning() {
  const made = setUp();
  made.kubelet.want(specOf("1"));
  const running = made.kubelet.run(made.stop.signal);
  await settle();
  return { ...made, running };
}

test("kubelet is started with its arguments and exactly the given environment", async () => {
  const { host, board, kubelet, current } = await setUpRunning();
  assert.equal(host.spawned.length, 1);
  const { command, args, environment } = host.spawned[0] ?? {};
  assert.deepEqual([command, args, environment], [COMMAND.path, COMMAND.args, { PATH: "/usr/bin" }]);
  assert.equal(board.isTrue("KubeletRunning"), true);
  assert.equal(kubelet.status().pid, current().pid);
});

test("nothing is started before anybody wants a kubelet", async () => {
  const { host, kubelet, prepared, stop } = setUp();
  const running = kubelet.run(stop.signal);
  await host.clock.advance(60_000);
  assert.deepEqual([host.spawned.length, prepared.times], [0, 0]);
  kubelet.want(specOf("1"));
  await settle();
  assert.equal(host.spawned.length, 1);
  stop.abort();
  await running;
});

test("a kubelet that dies is started again at once, then after 1 s, 2 s, 4 s, up to a minute", async () => {
  const { host, current } = await setUpRunning();
  const waits: number[] = [];
  for (let death = 0; death < 9; death += 1) {
    const before = host.spawned.length;
    const diedMs = host.clock.now();
    current().exit(1);
    await settle();
    while (host.spawned.length === before) await host.clock.advance(500);
    waits.push(host.clock.now() - diedMs);
  }
  assert.deepEqual(waits, [0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test("after five minutes of health the next death counts as the first", async () => {
  const { host, current } = await setUpRunning();
  for (let death = 0; death < 4; death += 1) {
    current().exit(1);
    await host.clock.advance(10_000);
  }
  await host.clock.advance(300_000);
  const before = host.spawned.length;
  current().exit(1);
  await settle();
  assert.equal(host.spawned.length, before + 1, "started again at once");
});

test("a crash loop is named from the third death on, with kubelet's own last error", async () => {
  const { host, board, current } = await setUpRunning();
  const reasons: string[] = [];
  for (let death = 0; death < 3; death += 1) {
    current().say('E0102 03:04:05.000001 1 run.go:72] "command failed" err="swap on"');
    current().say("I0102 03:04:05.000001 1 run.go:73] bye");
    await settle();
    current().exit(1);
    await settle();
    const { reason, pending } = board.get("KubeletRunning");
    reasons.push(pending?.reason ?? reason);
    await host.clock.advance(death === 2 ? 0 : 5000);
  }
  // The first death is mended at once, before anybody could read of it.
  assert.deepEqual(reasons, ["Running", "KubeletExited", "KubeletCrashLoop"]);
  assert.equal(board.isTrue("KubeletRunning"), true, "it has not lasted yet");
  await host.clock.advance(10_000);
  assert.equal(board.isTrue("KubeletRunning"), false);
  const { message, hint } = board.get("KubeletRunning");
  assert.match(message, /exited with 1 after .* s; its last error: "command failed" err="swap on", 3 times in a row/);
  assert.match(hint ?? "", /journalctl -u eks-satellite/);
});

test("kubelet's lines become log lines of klog's level", async () => {
  const { lines, current } = await setUpRunning();
  current().say("W0102 03:04:05.000001 1 a.go:1] careful");
  current().say("E0102 03:04:05.000001 1 a.go:1] bad");
  await settle();
  const said = lines.filter(({ msg }) => msg?.startsWith("kubelet: ")).map(({ level, msg }) => [level, msg]);
  assert.deepEqual(said, [
    ["info", "kubelet: careful"],
    ["notice", "kubelet: bad"],
  ]);
});

test("a changed digest restarts kubelet once, an unchanged one never", async () => {
  const { host, kubelet } = await setUpRunning();
  kubelet.want(specOf("1"));
  await settle();
  assert.equal(host.spawned.length, 1);
  kubelet.want(specOf("2"));
  kubelet.want(specOf("2"));
  await settle();
  assert.equal(host.spawned.length, 2);
  assert.deepEqual(host.spawned[0]?.process.signals, ["SIGTERM"]);
  kubelet.want(specOf("2"));
  await host.clock.advance(60_000);
  assert.equal(host.spawned.length, 2);
});

test("a restart that somebody asked for is no failure: the kubelet after it starts at once", async () => {
  const { host, kubelet, board } = await setUpRunning();
  for (let restart = 0; restart < 5; restart += 1) {
    kubelet.restart("node-gone");
    await settle();
  }
  assert.equal(host.spawned.length, 6);
  assert.equal(kubelet.status().restarts, 5);
  assert.equal(board.isTrue("KubeletRunning"), true);
});

test("a restart that somebody asked for ends a row of deaths: the next death counts as the first", async () => {
  const { host, kubelet, current } = await setUpRunning();
  for (let death = 0; death < 4; death += 1) {
    current().exit(1);
    await host.clock.advance(10_000);
  }
  kubelet.restart("node-gone");
  await settle();
  const before = host.spawned.length;
  current().exit(1);
  await settle();
  assert.equal(host.spawned.length, before + 1, "started again at once");
});

test("a kubelet that ignores SIGTERM is killed after its grace, and only then is another started", async () => {
  const made = setUp();
  made.host.childOptions = { onTerm: () => undefined };
  made.kubelet.want(specOf("1"));
  void made.kubelet.run(made.stop.signal);
  await settle();
  made.kubelet.want(specOf("2"));
  await made.host.clock.advance(19_999);
  assert.deepEqual([made.current().signals, made.host.spawned.length], [["SIGTERM"], 1]);
  await made.host.clock.advance(1);
  assert.deepEqual(made.host.spawned[0]?.process.signals, ["SIGTERM", "SIGKILL"]);
  assert.equal(made.host.spawned.length, 2);
});

test("when the agent stops, kubelet is ended and not started again", async () => {
  const { host, stop, running, current } = await setUpRunning();
  stop.abort();
  await running;
  assert.equal(current().isAlive, false);
  assert.deepEqual(current().signals, ["SIGTERM"]);
  assert.equal(host.spawned.length, 1);
});

test("when the agent stops while kubelet waits for its next start, nothing is started any more", async () => {
  const { host, stop, running, current } = await setUpRunning();
  for (let death = 0; death < 3; death += 1) {
    current().exit(1);
    await settle();
    if (death < 2) await host.clock.advance(1000);
  }
  const before = host.spawned.length;
  stop.abort();
  await running;
  assert.equal(host.spawned.length, before);
});

test("kubelet's complaint that its token is refused is handed on, and nothing else is", async () => {
  const { kubelet, current, refusals, stop } = setUp();
  kubelet.want(specOf("1"));
  const running = kubelet.run(stop.signal);
  await settle();
  current().say(
    'E0102 03:04:05.000001 1 controller.go:145] "Failed to ensure lease exists, will retry" err="Unauthorized"',
  );
  current().say('I0102 03:04:05.000002 1 a.go:1] "pod says" message="Unauthorized"');
  current().say('E0102 03:04:05.000003 1 a.go:1] "Failed" err="timeout"');
  await settle();
  assert.equal(refusals.count, 1);
  stop.abort();
  await running;
});

test("when the agent stops while a start is being prepared, kubelet is not started", async () => {
  const { host, log, board, stop } = setUp();
  const gate = Promise.withResolvers<void>();
  const kubelet = new Kubelet({
    host,
    log,
    board,
    processFile: PROCESS_FILE,
    stopSeconds: 20,
    environment: {},
    prepare: () => gate.promise,
    onUnauthorized: () => undefined,
  });
  kubelet.want(specOf("1"));
  const running = kubelet.run(stop.signal);
  await settle();
  stop.abort();
  gate.resolve();
  await running;
  assert.equal(host.spawned.length, 0);
});

test("what stands in the way of a start is told, and the start follows as soon as it is gone", async () => {
  const { host, board, kubelet, prepared, stop } = setUp();
  prepared.obstacle = new SatelliteError("swap-on", "swap is on", { hint: "swapoff -a" });
  kubelet.want(specOf("1"));
  void kubelet.run(stop.signal);
  await host.clock.advance(60_000);
  const { status, reason, hint } = board.get("KubeletRunning");
  assert.deepEqual([status, reason, hint], ["False", "SwapOn", "swapoff -a"]);
  assert.equal(host.spawned.length, 0);
  assert.ok(prepared.times >= 12 && prepared.times <= 25, `${prepared.times} tries in a minute`);
  prepared.obstacle = undefined;
  await host.clock.advance(5000);
  assert.equal(host.spawned.length, 1);
});

test("an obstacle is logged once, not at every try", async () => {
  const { host, kubelet, prepared, stop, messages } = setUp();
  prepared.obstacle = new SatelliteError("swap-on", "swap is on");
  kubelet.want(specOf("1"));
  void kubelet.run(stop.signal);
  await host.clock.advance(60_000);
  assert.deepEqual(messages("warn"), ["swap is on"]);
});

test("a kubelet that cannot be started is told of and tried again: the agent lives on", async () => {
  const { host, board, kubelet, stop } = setUp();
  host.uninstall(COMMAND.path);
  kubelet.want(specOf("1"));
  const running = kubelet.run(stop.signal);
  await host.clock.advance(1000);
  assert.deepEqual(
    [board.get("KubeletRunning").status, board.get("KubeletRunning").reason],
    ["False", "CommandMissing"],
  );
  host.install(COMMAND.path, () => ({}));
  await host.clock.advance(60_000);
  assert.equal(board.isTrue("KubeletRunning"), true);
  stop.abort();
  await running;
});

test("a full disk below /run does not end a kubelet that was just started", async () => {
  const { host, board, kubelet, stop, current, messages } = setUp();
  host.files.refuseWrites("/run/eks-satellite", "ENOSPC");
  kubelet.want(specOf("1"));
  const running = kubelet.run(stop.signal);
  await settle();
  assert.equal(board.isTrue("KubeletRunning"), true);
  assert.equal(current().isAlive, true);
  assert.equal(messages("warn").length, 1, "and says that it could not note its pid");
  stop.abort();
  await running;
});

test("a kubelet that an earlier run left behind is ended before another is started", async () => {
  const { host, kubelet, stop } = setUp();
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
  const { host, kubelet, stop } = setUp();
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
  const { host, kubelet, stop } = setUp();
  const stranger = host.processes.start({ name: "postgres" });
  host.files.put(PROCESS_FILE, JSON.stringify({ pid: stranger.pid, startTicks: 1 }));
  kubelet.want(specOf("1"));
  void kubelet.run(stop.signal);
  await host.clock.advance(1000);
  assert.deepEqual(stranger.signals, []);
  assert.equal(host.spawned.length, 1);
});

test("a damaged note of the last kubelet's pid is no note", async () => {
  const { host, kubelet, stop } = setUp();
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
