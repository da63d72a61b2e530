import assert from "node:assert/strict";
import { test } from "node:test";
import type { NoticeEvent } from "../../agent/board/events.ts";
import { SatelliteError } from "../../agent/errors.ts";
import { RuntimeWatch } from "../../agent/node/runtime-watch.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryContainerd } from "../fakes/memory-containerd.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleConfig } from "../fakes/samples.ts";

const MINUTE_MS = 60_000;

function setUp(extra = "") {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  containerd.start();
  const { log, messages } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const notices: NoticeEvent[] = [];
  const watch = new RuntimeWatch({
    host,
    config: sampleConfig(extra),
    board,
    log,
    emit: (event) => notices.push(event),
  });
  /** Rounds of half a minute. */
  const pass = async (minutes: number) => {
    for (let round = 0; round < minutes * 2; round += 1) {
      await watch.round();
      await host.clock.advance(MINUTE_MS / 2);
    }
    await watch.round();
  };
  const condition = () => board.get("RuntimeReady");
  return { containerd, host, board, notices, messages, watch, pass, condition };
}

const restartsOf = (watch: RuntimeWatch) => watch.metrics()[0]?.samples();

test("a deprecation is no verdict: the runtime is ready, and the news is logged once", async () => {
  const { containerd, watch, messages, condition } = setUp();
  const deprecation = {
    ...{ type: "ContainerdHasNoDeprecationWarnings", isTrue: false },
    ...{ reason: "ContainerdHasDeprecationWarnings", message: '{"io.containerd.deprecation/cgroup-v1":"use v2"}' },
  };
  containerd.conditions.push(deprecation);
  for (let round = 0; round < 3; round += 1) await watch.round();
  assert.deepEqual([condition().status, condition().reason], ["True", "Ready"]);
  const news = () => messages("info").filter((message) => message.includes("NoDeprecationWarnings"));
  assert.equal(news().length, 1);
  assert.match(news()[0] ?? "", /cgroup-v1/);
  containerd.conditions[2] = { ...deprecation, message: "another" };
  await watch.round();
  assert.equal(news().length, 2, "other news is news");
});

test("a condition that kubelet heeds and containerd does not report is not true", async () => {
  const { containerd, watch, condition } = setUp();
  containerd.conditions.pop();
  await watch.round();
  assert.match(condition().message, /NetworkReady is false: unknown: containerd does not report it/);
});

test("a containerd that has not answered for three minutes is restarted once, and says so", async () => {
  const { containerd, watch, pass, condition, notices } = setUp();
  const before = containerd.pid;
  containerd.hangs = true;
  await pass(2.5);
  assert.deepEqual([containerd.restarts, condition().reason], [[], "RuntimeUnreachable"]);
  await pass(0.5);
  assert.deepEqual(containerd.restarts, ["restart containerd.service"]);
  assert.equal(condition().reason, "RuntimeHung");
  const words = `containerd runs with pid ${before} and has not answered for 3 min; it is being restarted`;
  assert.ok(condition().message.startsWith(words), condition().message);
  assert.deepEqual(
    notices.map(({ type, reason }) => [type, reason]),
    [["Warning", "ContainerdRestarted"]],
  );
  assert.deepEqual(restartsOf(watch), [{ value: 1, labels: { reason: "hung" } }]);
  assert.deepEqual(watch.status(), { containerd: { restarts: 1 } });
  containerd.hangs = false;
  await watch.round();
  assert.equal(condition().status, "True");
});

test("a restart that does not help is tried again after a quarter of an hour, not before", async () => {
  const { containerd, pass, condition } = setUp();
  containerd.hangs = true;
  await pass(14);
  assert.equal(containerd.restarts.length, 1);
  assert.match(condition().message, /it was restarted 11 min ago, and is again after 15 min/);
  await pass(6);
  assert.equal(containerd.restarts.length, 2);
});

test("a containerd that waits for a disk that hangs is left alone until the disk is back", async () => {
  const { containerd, board, pass, condition } = setUp();
  board.setFailed("DiskAvailable", new SatelliteError("disk-hung", "the disk is away"));
  containerd.hangs = true;
  await pass(5);
  assert.deepEqual([containerd.restarts, condition().reason], [[], "RuntimeUnreachable"]);
  board.setTrue("DiskAvailable", "Available", "the disk is back");
  await pass(2.5);
  assert.deepEqual(containerd.restarts, [], "it has its time again");
  await pass(0.5);
  assert.deepEqual(containerd.restarts, ["restart containerd.service"]);
});

test("one answer begins the three minutes anew", async () => {
  const { containerd, pass } = setUp();
  containerd.hangs = true;
  await pass(2.5);
  containerd.hangs = false;
  await pass(0);
  containerd.hangs = true;
  await pass(2.5);
  assert.deepEqual(containerd.restarts, []);
});

test("what another one restarts is left to it: a job of systemd's, a unit that is not active, another process", async () => {
  for (const unit of [{ Job: "712" }, { ActiveState: "deactivating" }, { ActiveState: "inactive" }]) {
    const { containerd, pass, condition } = setUp();
    containerd.hangs = true;
    Object.assign(containerd.unit, unit);
    await pass(10);
    assert.deepEqual(containerd.restarts, []);
    assert.equal(condition().reason, "RuntimeUnreachable");
  }
  const { containerd, pass } = setUp();
  containerd.hangs = true;
  await pass(2.5);
  containerd.stop();
  containerd.start();
  await pass(2.5);
  assert.deepEqual(containerd.restarts, []);
});

test("a containerd that answers, be it with an error, does not hang", async () => {
  const { containerd, host, pass, condition } = setUp();
  host.onGrpc = () => ({ status: 12, statusMessage: "unknown service", message: new Uint8Array() });
  await pass(10);
  assert.deepEqual([containerd.restarts, condition().reason], [[], "CriDisabled"]);
});

test("containerd.restartWhenHung: false leaves it alone, and says so", async () => {
  const { containerd, pass, condition, notices } = setUp("containerd: { restartWhenHung: false }");
  containerd.hangs = true;
  await pass(20);
  assert.deepEqual([containerd.restarts, notices], [[], []]);
  assert.match(condition().message, /containerd\.restartWhenHung is false, so it is left alone/);
});
