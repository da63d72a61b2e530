import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { Kubelet, type KubeletSpec } from "../../agent/kubelet/kubelet.ts";
import { settle } from "../fakes/memory-clock.ts";
import { COMMAND, PROCESS_FILE, setUpKubelet, specOf } from "../fakes/memory-kubelet.ts";

test("nothing is started before anybody wants a kubelet", async () => {
  const { host, kubelet, prepared, stop } = setUpKubelet();
  const running = kubelet.run(stop.signal);
  await host.clock.advance(60_000);
  assert.deepEqual([host.spawned.length, prepared.times], [0, 0]);
  kubelet.want(specOf("1"));
  await settle();
  assert.equal(host.spawned.length, 1);
  stop.abort();
  await running;
});

test("when the agent stops while a start is being prepared, kubelet is not started", async () => {
  const { host, log, board, stop } = setUpKubelet();
  const gate = Promise.withResolvers<KubeletSpec>();
  const kubelet = new Kubelet({
    host,
    log,
    board,
    processFile: PROCESS_FILE,
    dumpFile: "/run/eks-satellite/kubelet-goroutines.txt",
    stopSeconds: 20,
    environment: {},
    prepare: () => gate.promise,
    emit: () => undefined,
  });
  kubelet.want(specOf("1"));
  const running = kubelet.run(stop.signal);
  await settle();
  stop.abort();
  gate.resolve(specOf("1"));
  await running;
  assert.equal(host.spawned.length, 0);
});

test("what stands in the way of a start is told, and the start follows as soon as it is gone", async () => {
  const { host, board, kubelet, prepared, stop } = setUpKubelet();
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
  const { host, kubelet, prepared, stop, messages } = setUpKubelet();
  prepared.obstacle = new SatelliteError("swap-on", "swap is on");
  kubelet.want(specOf("1"));
  void kubelet.run(stop.signal);
  await host.clock.advance(60_000);
  assert.deepEqual(messages("warn"), ["swap is on"]);
});

test("a kubelet that cannot be started is told of and tried again: the agent lives on", async () => {
  const { host, board, kubelet, stop } = setUpKubelet();
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
  const { host, board, kubelet, stop, current, messages } = setUpKubelet();
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

test("kubelet is started with what was prepared, and not with what was wanted when the preparation began", async () => {
  const { host, kubelet, prepared, stop } = setUpKubelet();
  kubelet.want(specOf("old"));
  prepared.spec = { ...specOf("new"), command: { ...COMMAND, args: ["--config=/new"] } };
  const running = kubelet.run(stop.signal);
  await settle();
  assert.deepEqual(
    host.spawned.map(({ args }) => args),
    [["--config=/new"]],
  );
  await host.clock.advance(60_000);
  assert.equal(host.spawned.length, 1, "and it is not restarted for it");
  stop.abort();
  await running;
});

test("a kubelet that was wanted otherwise during its preparation is restarted at once", async () => {
  const { host, log, board, stop } = setUpKubelet();
  const gate = Promise.withResolvers<KubeletSpec>();
  const preparations = [gate.promise, Promise.resolve(specOf("2"))];
  const kubelet = new Kubelet({
    host,
    log,
    board,
    processFile: PROCESS_FILE,
    dumpFile: "/run/eks-satellite/kubelet-goroutines.txt",
    stopSeconds: 20,
    environment: {},
    prepare: async () => (await preparations.shift()) ?? specOf("2"),
    emit: () => undefined,
  });
  kubelet.want(specOf("1"));
  const running = kubelet.run(stop.signal);
  await settle();
  kubelet.want(specOf("2"));
  gate.resolve(specOf("1"));
  await host.clock.advance(1000);
  assert.equal(host.spawned.length, 2);
  assert.deepEqual(kubelet.state.restartsByReason, { "configuration-changed": 1 });
  stop.abort();
  await running;
});

test("a preparation that never ends does not keep the agent from stopping", async () => {
  const { host, kubelet, prepared, stop } = setUpKubelet();
  prepared.gate = new Promise(() => undefined);
  kubelet.want(specOf("1"));
  const running = kubelet.run(stop.signal);
  await settle();
  stop.abort();
  const ended = await Promise.race([running.then(() => "ended"), settle().then(() => "still running")]);
  assert.deepEqual([ended, host.spawned.length], ["ended", 0]);
});
