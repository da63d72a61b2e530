// The daemon's own files: what another process does to them does not last longer than a round, and what a part does lasts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptFiles } from "../../agent/apply/kept-files.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const STATE = "/var/lib/eks-satellite";
const RUN = "/run/eks-satellite";
const TOKEN = `${RUN}/kubelet-token`;
const SESSION = `${STATE}/session`;
const ENTRY = `${STATE}/ledger/0123456789abcdef.json`;
const SECRET = { mode: 0o600 };

async function setUp() {
  const machine = new MemoryHost();
  const kept = new KeptFiles(machine, { stateFolder: STATE, runFolder: RUN });
  await kept.adopt();
  const { files } = kept.host();
  return { machine, kept, files };
}

test("a removed folder is back with its mode, and every file in it as it was written last", async () => {
  const { machine, kept, files } = await setUp();
  await files.write(TOKEN, "first", SECRET);
  await files.write(TOKEN, "second", SECRET);
  await files.write(`${RUN}/aws-credentials`, "keys", SECRET);
  machine.files.drop(RUN);
  const { repaired, failures } = await kept.round();
  assert.deepEqual([repaired, failures], [[RUN, `${RUN}/aws-credentials`, TOKEN], []]);
  assert.equal((await machine.files.status(RUN))?.mode, 0o700);
  assert.deepEqual([machine.files.peek(TOKEN)?.content, machine.files.peek(TOKEN)?.mode], ["second", 0o600]);
  assert.deepEqual((await kept.round()).repaired, []);
});

for (const [what, harm] of [
  ["edited", ({ files }: MemoryHost) => files.put(SESSION, "other", { mode: 0o600 })],
  ["emptied", ({ files }: MemoryHost) => files.put(SESSION, "", { mode: 0o600 })],
  ["removed", ({ files }: MemoryHost) => files.drop(SESSION)],
  ["made readable by everybody", ({ files }: MemoryHost) => files.setMode(SESSION, 0o644)],
] as const)
  test(`a file that is ${what} is put back`, async () => {
    const { machine, kept, files } = await setUp();
    await files.write(SESSION, "keys", SECRET);
    await harm(machine);
    assert.deepEqual((await kept.round()).repaired, [SESSION]);
    assert.deepEqual([machine.files.peek(SESSION)?.content, machine.files.peek(SESSION)?.mode], ["keys", 0o600]);
  });

test("what an earlier run left is kept too, the originals in the ledger above all", async () => {
  const machine = new MemoryHost();
  machine.files.put(ENTRY, "{}", { mode: 0o600 });
  const kept = new KeptFiles(machine, { stateFolder: STATE, runFolder: RUN });
  await kept.adopt();
  machine.files.drop(STATE);
  assert.deepEqual((await kept.round()).repaired, [STATE, ENTRY]);
  assert.equal(machine.files.peek(ENTRY)?.content, "{}");
});

test("folders that were open to others are closed at the start", async () => {
  const machine = new MemoryHost();
  machine.files.putFolder(STATE, 0o755);
  await new KeptFiles(machine, { stateFolder: STATE, runFolder: RUN }).adopt();
  const modes = await Promise.all([STATE, RUN].map(async (folder) => (await machine.files.status(folder))?.mode));
  assert.deepEqual(modes, [0o700, 0o700]);
});

test("what a part removes or moves stays away", async () => {
  const { machine, kept, files } = await setUp();
  for (const path of [TOKEN, SESSION, ENTRY]) await files.write(path, "x", SECRET);
  await files.remove(TOKEN);
  await files.move(ENTRY, `${ENTRY}.damaged`);
  await files.removeTree(SESSION);
  assert.deepEqual((await kept.round()).repaired, []);
  assert.deepEqual(
    machine.files.paths().filter((path) => !path.startsWith("/proc/")),
    [`${ENTRY}.damaged`],
  );
});

test("files of others in the same folders are theirs: a source of keys that is rotated is not rotated back", async () => {
  const { machine, kept } = await setUp();
  machine.files.put(`${STATE}/my-keys`, "old");
  await kept.adopt();
  machine.files.put(`${STATE}/my-keys`, "new");
  assert.deepEqual((await kept.round()).repaired, []);
  assert.equal(machine.files.peek(`${STATE}/my-keys`)?.content, "new");
});

test("a comparison that runs while a part writes neither undoes the newer content nor calls it a repair", async () => {
  const { machine, kept, files } = await setUp();
  await files.write(TOKEN, "old", SECRET);
  for (let round = 0; round < 20; round++) {
    const [{ repaired }] = await Promise.all([kept.round(), files.write(TOKEN, `new ${round}`, SECRET), kept.round()]);
    assert.deepEqual(repaired, []);
    assert.equal(machine.files.peek(TOKEN)?.content, `new ${round}`);
  }
});

test("what cannot be put back is reported, and the others are put back", async () => {
  const { machine, kept, files } = await setUp();
  await files.write(TOKEN, "token", SECRET);
  await files.write(SESSION, "keys", SECRET);
  machine.files.drop(TOKEN);
  machine.files.drop(SESSION);
  machine.files.refuseWrites(SESSION, "ENOSPC");
  const { repaired, failures } = await kept.round();
  assert.deepEqual(repaired, [TOKEN]);
  assert.match(String(failures[0]), /session/);
  assert.equal(failures.length, 1);
});

test("a write that fails is not remembered: what is there stays", async () => {
  const { machine, kept, files } = await setUp();
  await files.write(TOKEN, "old", SECRET);
  machine.files.refuseWrites(TOKEN, "ENOSPC");
  await assert.rejects(files.write(TOKEN, "new", SECRET), /token/);
  machine.files.allowWrites();
  assert.deepEqual((await kept.round()).repaired, []);
  assert.equal(machine.files.peek(TOKEN)?.content, "old");
});

test("a machine of a class keeps its own methods and its late bindings", async () => {
  const { machine, kept } = await setUp();
  machine.install("true", () => ({ stdout: "yes" }));
  machine.onFetch = () => ({ status: 204, body: "" });
  const host = kept.host();
  assert.equal((await host.run("true", [])).stdout, "yes");
  assert.equal((await host.fetch({ url: "http://x", timeoutSeconds: 1 })).status, 204);
  assert.equal(host.clock, machine.clock);
});

test("a file that cannot be read is named, and is no failure of the round", async () => {
  for (const isKept of [true, false]) {
    const { machine, kept, files } = await setUp();
    if (isKept) await files.write(SESSION, "keys", SECRET);
    machine.files.refuseReads(SESSION);
    const { repaired, failures, unreadable } = await kept.round();
    assert.deepEqual([repaired, failures], [[], []]);
    assert.match(unreadable?.message ?? "", /session could not be read; the daemon runs without it/);
  }
});

test("what another process makes of a file is not read when it has another size", async () => {
  const { machine, kept, files } = await setUp();
  await files.write(SESSION, "keys", SECRET);
  machine.files.put(SESSION, "x".repeat(10_000), { mode: 0o600 });
  machine.files.read = () => assert.fail("it was read");
  assert.deepEqual((await kept.round()).repaired, [SESSION]);
});

test("kubelet's goroutines are neither kept in memory nor put back", async () => {
  const { machine, kept, files } = await setUp();
  const dump = `${RUN}/kubelet-goroutines.txt`;
  await files.write(dump, "goroutine 1 [select]", SECRET);
  machine.files.drop(dump);
  assert.deepEqual((await kept.round()).repaired, []);
});
