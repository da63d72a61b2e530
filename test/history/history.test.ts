import assert from "node:assert/strict";
import { test } from "node:test";
import type { Condition } from "../../agent/board/conditions.ts";
import { History } from "../../agent/history/history.ts";
import { MAX_FILE_BYTES, readHistory } from "../../agent/history/read.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const FILES = { history: "/state/history.jsonl", olderHistory: "/state/history.old.jsonl" };
const EVENT = { kind: "event", name: "GpuRuntimeChanged", message: "cdi" } as const;

function setUp(host = new MemoryHost()) {
  host.files.put("/proc/sys/kernel/random/boot_id", "b0000000-0000-4000-8000-000000000001\n");
  host.files.put("/proc/uptime", "3600.25 100.00\n");
  const { log, messages } = createMemoryLog();
  const history = new History({ host, log, files: FILES });
  const entries = async () => (await readHistory(host, FILES)).entries;
  const writes = () => host.files.changes.filter((change) => change.startsWith("append")).length;
  return { host, history, entries, writes, messages };
}

const condition = (changes: Partial<Condition>): Condition => ({
  ...{ type: "TunnelUp", status: "False", reason: "GatewayAway", message: "no answer", sinceMs: 0 },
  ...{ dependsOn: [], isCritical: false },
  ...changes,
});

test("what happens is on the disk with the time of day, the machine's age and its boot", async () => {
  const { host, history, entries } = setUp();
  await history.begin();
  history.note(EVENT);
  await history.end();
  const [start, event, stop] = await entries();
  assert.deepEqual([start?.kind, start?.pid, stop?.kind], ["start", 42, "stop"]);
  assert.deepEqual(event, { at: host.clock.now(), up: 3_600_250, boot: "b0000000", ...EVENT });
});

test("while nothing happens nothing is written, and the same failure again is nothing", async () => {
  const { history, writes } = setUp();
  await history.begin();
  await settle();
  history.noteCondition(condition({}), true);
  await settle();
  const before = writes();
  for (let round = 0; round < 10; round += 1) {
    history.noteCondition(condition({}), true);
    history.noteCondition(condition({ type: "DnsWorking", status: "True", reason: "Resolved" }), false);
    await settle();
  }
  assert.equal(writes(), before);
});

test("a condition that was false is noted when it is not any more, and so is each turn of NodeReady", async () => {
  const { history, entries } = setUp();
  history.noteCondition(condition({}), true);
  history.noteCondition(condition({ reason: "GatewaySilent" }), true);
  history.noteCondition(condition({ status: "True", reason: "GatewayAnswers" }), false);
  history.noteCondition(condition({ type: "NodeReady", status: "True", reason: "KubeletReady" }), false);
  history.noteCondition(condition({ type: "NodeReady", status: "Unknown", reason: "NotAsked" }), false);
  await settle();
  assert.deepEqual(
    (await entries()).map(({ name, status, reason, isRootCause }) => [name, status, reason, isRootCause]),
    [
      ["TunnelUp", "False", "GatewayAway", true],
      ["TunnelUp", "False", "GatewaySilent", true],
      ["TunnelUp", "True", "GatewayAnswers", undefined],
      ["NodeReady", "True", "KubeletReady", undefined],
      ["NodeReady", "Unknown", "NotAsked", undefined],
    ],
  );
});

test("entries that come while one is written follow it in one write, in their order", async () => {
  const { history, entries, writes } = setUp();
  for (const name of ["a", "b", "c", "d"]) history.note({ ...EVENT, name });
  await settle();
  assert.deepEqual(
    (await entries()).map(({ name }) => name),
    ["a", "b", "c", "d"],
  );
  assert.ok(writes() <= 2);
});

test("a full disk costs nothing but what waits too long: the rest is written when there is room", async () => {
  const { host, history, entries, messages } = setUp();
  host.files.refuseWrites("/state", "ENOSPC");
  for (let index = 0; index < 250; index += 1) {
    history.note({ ...EVENT, name: `n${index}` });
    await settle();
  }
  assert.equal(messages("warn").length, 1);
  host.files.allowWrites();
  history.note({ ...EVENT, name: "last" });
  await settle();
  const names = (await entries()).map(({ name }) => name);
  assert.deepEqual([names.length, names[0], names.at(-1)], [200, "n51", "last"]);
  assert.deepEqual(
    history
      .metrics()[0]
      ?.samples()
      .map(({ value, labels }) => [labels?.outcome, value]),
    [
      ["written", 200],
      ["lost", 51],
    ],
  );
});

test("the ring is bounded: the newer file takes the older one's place", async () => {
  const { host, history, entries } = setUp();
  const message = "x".repeat(300);
  for (let index = 0; index < 2000; index += 1) {
    history.note({ ...EVENT, name: `n${index}`, message });
    await settle();
  }
  const sizes = Object.values(FILES).map((path) => host.files.peek(path)?.content.length ?? 0);
  for (const size of sizes) assert.ok(size < MAX_FILE_BYTES + 1000, `${size}`);
  const names = (await entries()).map(({ name }) => name);
  assert.equal(names.at(-1), "n1999");
  assert.ok(names.length > 300 && names.length < 900, `${names.length}`);
});

test("a file that another process changes again and again is noted once an hour", async () => {
  const { host, history, entries } = setUp();
  for (let minute = 0; minute < 119; minute += 1) {
    for (const message of ["file:/a", "file:/b"]) history.note({ kind: "event", name: "Repaired", message });
    await host.clock.advance(60_000);
  }
  await settle();
  assert.deepEqual(
    (await entries()).map(({ message }) => message),
    ["file:/a", "file:/b", "file:/a", "file:/b"],
  );
});

test("a file that is full and cannot be moved does not grow, and nothing is written twice", async () => {
  const { host, history, entries } = setUp();
  host.files.put(FILES.history, "x".repeat(MAX_FILE_BYTES));
  history.note({ ...EVENT, name: "fills" });
  await settle();
  const { move } = host.files;
  host.files.move = () => Promise.reject(new Error("no"));
  history.note({ ...EVENT, name: "waits" });
  await settle();
  assert.deepEqual(
    (await entries()).map(({ name }) => name),
    ["fills"],
  );
  host.files.move = move;
  history.note({ ...EVENT, name: "last" });
  await settle();
  assert.deepEqual(
    (await entries()).map(({ name }) => name),
    ["fills", "waits", "last"],
  );
});

test("a later daemon shows what an earlier one noted, and one that cannot read it goes on", async () => {
  const first = setUp();
  first.history.note(EVENT);
  await settle();
  const second = setUp(first.host);
  await second.history.begin();
  await settle();
  assert.deepEqual(
    second.history.status().history.map(({ kind }) => kind),
    ["event", "start"],
  );
  first.host.files.refuseReads("/state");
  const third = setUp(first.host);
  await third.history.begin();
  await settle();
  assert.deepEqual(third.messages("info"), ["the history of earlier runs cannot be read"]);
});

test("a disk that hangs holds no one who notes something", async () => {
  const { host, history } = setUp();
  host.files.appendLines = () => new Promise(() => undefined);
  for (let index = 0; index < 1000; index += 1) history.note(EVENT);
  await settle();
  assert.equal(
    history
      .metrics()[0]
      ?.samples()
      .find(({ labels }) => labels?.outcome === "lost")?.value,
    800,
  );
});
