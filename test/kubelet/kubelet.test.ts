import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../fakes/memory-clock.ts";
import { COMMAND, setUpKubelet, setUpRunning, specOf } from "../fakes/memory-kubelet.ts";

test("kubelet is started with its arguments and exactly the given environment", async () => {
  const { host, board, kubelet, current } = await setUpRunning();
  assert.equal(host.spawned.length, 1);
  const { command, args, environment } = host.spawned[0] ?? {};
  assert.deepEqual([command, args, environment], [COMMAND.path, COMMAND.args, { PATH: "/usr/bin" }]);
  assert.equal(board.isTrue("KubeletRunning"), true);
  assert.equal(kubelet.state.pid, current().pid);
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
  assert.equal(kubelet.state.restarts, 5);
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
  const made = setUpKubelet();
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

test("kubelet's complaints of a refused token and of an API server that is away are handed on, and nothing else is", async () => {
  const { kubelet, current, refusals, stop } = setUpKubelet();
  kubelet.want(specOf("1"));
  const running = kubelet.run(stop.signal);
  await settle();
  current().say(
    'E0102 03:04:05.000001 1 controller.go:145] "Failed to ensure lease exists, will retry" err="Unauthorized"',
  );
  current().say('I0102 03:04:05.000002 1 a.go:1] "pod says" message="Unauthorized"');
  current().say('E0102 03:04:05.000003 1 a.go:1] "Failed" err="timeout"');
  current().say('E0102 03:04:05.000004 1 controller.go:145] "Failed to update lease" err="connection refused"');
  current().say(
    'E0102 03:04:05.000005 1 kubelet_node_status.go:535] "Error updating node status, will retry" err="EOF"',
  );
  await settle();
  assert.deepEqual(refusals, { count: 1, troubles: 3 });
  stop.abort();
  await running;
});

test("pulls that failed are counted by registry, over restarts too", async () => {
  const { kubelet, current } = await setUpRunning();
  const failed = (image: string) =>
    current().say(`E0102 03:04:05.000001 1 log.go:32] "PullImage from image service failed" err="x" image="${image}"`);
  failed("r.example.com/app:1");
  failed("r.example.com/other:1");
  await settle();
  current().exit(1);
  await settle();
  failed("nginx");
  await settle();
  assert.deepEqual(
    [...kubelet.failedPulls],
    [
      ["r.example.com", 2],
      ["docker.io", 1],
    ],
  );
});

test("each end of kubelet is handed on with its reason, and of a crash loop the first alone", async () => {
  const { host, kubelet, current, ends } = await setUpRunning();
  await host.clock.advance(2000);
  kubelet.restart("node-gone");
  await settle();
  current().exit(0);
  await host.clock.advance(10);
  for (let death = 0; death < 6; death += 1) {
    current().exit(1);
    await host.clock.advance(60_000);
  }
  assert.deepEqual(ends.slice(0, 1), ["node-gone: kubelet was ended after 2.0 s, and is started again"]);
  assert.equal(ends.length, 4);
  assert.match(ends.at(-1) ?? "", /^exited: kubelet exited with 1 .* 3 times in a row; it is started again/);
});
