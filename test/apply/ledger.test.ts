import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createRounds, LEDGER, plannedFile } from "../fakes/rounds.ts";

function setUp() {
  const host = new MemoryHost();
  return { host, rounds: createRounds(host) };
}

test("the original of a file is kept with its mode and owner, once, however often it is repaired", async () => {
  const { host, rounds } = setUp();
  host.files.put("/etc/a", "the user's", { mode: 0o640, uid: 7, gid: 8 });
  await rounds.apply(plannedFile("/etc/a", "ours"));
  host.files.put("/etc/a", "edited");
  await rounds.apply(plannedFile("/etc/a", "ours"));
  const entry = rounds.entries()["file:/etc/a"];
  assert.deepEqual(entry?.original, { kind: "file", content: "the user's", mode: 0o640, uid: 7, gid: 8 });
  assert.equal(entry?.changes, 2);
});

test("where nothing stood, the ledger says so; a setting's value before is kept too", async () => {
  const { host, rounds } = setUp();
  host.files.put("/proc/sys/kernel/panic", "0\n");
  await rounds.apply(plannedFile("/etc/new", "x"), { kind: "sysctl", key: "kernel.panic", value: "10", why: "" });
  assert.deepEqual(rounds.entries()["file:/etc/new"]?.original, { kind: "absent" });
  assert.deepEqual(rounds.entries()["sysctl:kernel.panic"]?.original, { kind: "value", value: "0" });
});

test("entries are private, since the original of a file may hold secrets", async () => {
  const { host, rounds } = setUp();
  await rounds.apply(plannedFile("/etc/a", "x"));
  const modes = host.files
    .paths()
    .filter((path) => path.startsWith(LEDGER))
    .map((path) => host.files.peek(path)?.mode);
  assert.deepEqual(modes, [0o600]);
});

test("times of the first and the last change are kept", async () => {
  const { host, rounds } = setUp();
  const startMs = host.clock.now();
  await rounds.ledger.record("x", { kind: "absent" });
  host.clock.jump(60_000);
  const entry = await rounds.ledger.record("x", { kind: "absent" });
  assert.deepEqual([entry.firstChangedAtMs, entry.lastChangedAtMs], [startMs, startMs + 60_000]);
});

for (const [what, text] of Object.entries({
  "cut off": '{"id": "x", "orig',
  empty: "",
  "of another shape": '{"id": 1}',
})) {
  test(`a damaged entry (${what}) is put aside, begins anew, and never passes our content off as the original`, async () => {
    const { host, rounds } = setUp();
    await rounds.ledger.record("x", { kind: "value", value: "theirs" });
    const path = host.files.paths().find((known) => known.startsWith(LEDGER)) ?? "";
    host.files.put(path, text);
    const entry = await rounds.ledger.record("x", { kind: "value", value: "ours" });
    assert.deepEqual(entry.original, { kind: "unknown" });
    assert.equal(host.files.peek(`${path}.damaged`)?.content, text);
    assert.match(rounds.messages("warn")[0] ?? "", /^a ledger entry is damaged/);
  });
}

test("damage to one entry loses one", async () => {
  const { host, rounds } = setUp();
  await rounds.ledger.record("a", { kind: "value", value: "1" });
  const damaged = host.files.paths().find((known) => known.startsWith(LEDGER)) ?? "";
  await rounds.ledger.record("b", { kind: "value", value: "2" });
  host.files.put(damaged, "garbage");
  await rounds.ledger.record("a", { kind: "absent" });
  assert.deepEqual((await rounds.ledger.record("b", { kind: "absent" })).original, { kind: "value", value: "2" });
});

test("an entry that does not say what was written is completed once the file is as planned; a full disk is no failure of it", async () => {
  const { host, rounds } = setUp();
  const file = plannedFile("/etc/a", "ours");
  await rounds.apply(file);
  const [path = ""] = host.files.paths().filter((each) => each.startsWith(LEDGER));
  const complete = host.files.peek(path)?.content ?? "";
  const { wrote, ...older } = JSON.parse(complete);
  assert.equal(wrote.length, 1);
  host.files.put(path, JSON.stringify(older));
  host.files.refuseWrites(LEDGER, "ENOSPC");
  assert.deepEqual((await createRounds(host).apply(file)).failures, []);
  host.files.allowWrites();
  await createRounds(host).dryRun(file);
  assert.equal(host.files.peek(path)?.content, JSON.stringify(older), "a dry run writes nothing");
  await createRounds(host).apply(file);
  assert.equal(host.files.peek(path)?.content, complete);
});
