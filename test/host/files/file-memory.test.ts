import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FileMemory } from "../../../agent/host/files/file-memory.ts";

const HOUR_MS = 3_600_000;

function setUp(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "es-memory-"));
  context.after(() => rmSync(folder, { recursive: true }));
  // What has just been written counts as old, unless a test says otherwise.
  const clock = { aheadMs: HOUR_MS, monotonicMs: 0 };
  const memory = new FileMemory({ now: () => Date.now() + clock.aheadMs, monotonic: () => clock.monotonicMs });
  return { folder, path: join(folder, "file"), clock, memory };
}

/** Stands for a write through a mapping: another text in the same inode, and no time that says so. No program can set the times back so. */
function writeUnseen(path: string, text: string, memory: FileMemory): void {
  writeFileSync(path, text);
  const { ctimeMs, mtimeMs } = statSync(path);
  for (const known of memory.known().values()) Object.assign(known.stats, { ctimeMs, mtimeMs });
}

test("a file that is as it was is not opened again", async (context) => {
  const { path, memory } = setUp(context);
  writeFileSync(path, "one");
  assert.equal(await memory.read(path), "one");
  writeUnseen(path, "two", memory);
  assert.equal(await memory.read(path), "one", "remembered");
});

test("every change that a program can make is seen at the next read", async (context) => {
  const { folder, path, memory } = setUp(context);
  writeFileSync(path, "first");
  const changes: Readonly<Record<string, () => string>> = {
    "a text of the same length": () => {
      const { atime, mtime } = statSync(path);
      writeFileSync(path, "other");
      utimesSync(path, atime, mtime);
      return "other";
    },
    "a line more": () => {
      appendFileSync(path, "\n");
      return "other\n";
    },
    "another file in its place": () => {
      writeFileSync(join(folder, "new"), "moved\n");
      renameSync(join(folder, "new"), path);
      return "moved\n";
    },
    "an earlier file in its place, with its own times": () => {
      writeFileSync(join(folder, "old"), "older\n");
      utimesSync(join(folder, "old"), 1, 1);
      renameSync(join(folder, "old"), path);
      return "older\n";
    },
  };
  for (const [name, change] of Object.entries(changes)) {
    await memory.read(path);
    await memory.read(path);
    const text = change();
    assert.equal(await memory.read(path), text, name);
  }
});

test("what was changed a moment ago is read each time: a second change in the same tick has the same time", async (context) => {
  const { path, clock, memory } = setUp(context);
  for (const aheadMs of [0, -HOUR_MS]) {
    clock.aheadMs = aheadMs; // Also when the clock was set back since.
    writeFileSync(path, "one");
    await memory.read(path);
    assert.equal(memory.known().size, 0, `${aheadMs} ms`);
  }
});

test("after ten minutes a file is read anew, whatever its inode says", async (context) => {
  const { path, clock, memory } = setUp(context);
  writeFileSync(path, "one");
  await memory.read(path);
  writeUnseen(path, "two", memory);
  clock.monotonicMs = 599_000;
  assert.equal(await memory.read(path), "one");
  clock.monotonicMs = 600_000;
  assert.equal(await memory.read(path), "two");
});

test("a file that goes is gone, and one that cannot be read fails as before", async (context) => {
  const { folder, path, memory } = setUp(context);
  writeFileSync(path, "one");
  await memory.read(path);
  rmSync(path);
  await assert.rejects(memory.read(path), { code: "ENOENT" });
  mkdirSync(path);
  await assert.rejects(memory.read(path), { code: "EISDIR" });
  await assert.rejects(memory.read(join(folder, "file", "in", "none")), { code: "ENOENT" });
});

test("large files and many files do not fill the memory, and those that are asked in turns stay in it", async (context) => {
  const { folder, path, clock, memory } = setUp(context);
  writeFileSync(path, "x".repeat(64 * 1024 + 1));
  assert.equal((await memory.read(path)).length, 64 * 1024 + 1);
  assert.equal(memory.known().size, 0);
  const readAll = async (count: number, bytes: number) => {
    for (let number = 0; number < count; number += 1) {
      writeFileSync(join(folder, `${bytes}-${number}`), "y".repeat(bytes));
      await memory.read(join(folder, `${bytes}-${number}`));
    }
    const total = [...memory.known().values()].reduce((sum, { text }) => sum + text.length, 0);
    assert.ok(total <= 2 ** 20 && memory.known().size <= 2048, `${total} bytes of ${memory.known().size} files`);
  };
  await readAll(40, 60_000);
  assert.ok(memory.known().has(join(folder, "60000-0")), "the first ones stay");
  clock.monotonicMs = 600_000;
  await readAll(2100, 10);
  assert.ok(!memory.known().has(join(folder, "60000-0")), "what was not read for ten minutes makes room");
  assert.equal(memory.known().size, 2048);
});

test("files of the kernel, which say that they are empty, are read each time", async () => {
  const memory = new FileMemory();
  assert.match(await memory.read("/proc/self/status"), /^Name:/);
  assert.equal(memory.known().size, 0);
});
