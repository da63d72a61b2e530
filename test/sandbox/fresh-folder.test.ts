import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { replaceFolder } from "./fresh-folder.ts";

test("a folder is replaced as a whole, and a dead run's leftovers go", async (t) => {
  const parent = await mkdtemp(join(tmpdir(), "fresh-folder-"));
  t.after(() => rm(parent, { recursive: true }));
  const target = join(parent, "bin");
  await mkdir(target);
  await writeFile(join(target, "old"), "");
  await mkdir(join(parent, "bin.4194305.new")); // above the kernel's highest pid
  await replaceFolder(target, (fresh) => writeFile(join(fresh, "new"), "content"));
  assert.deepEqual(await readdir(parent), ["bin"]);
  assert.deepEqual(await readdir(target), ["new"]);
});

test("a folder whose filling fails stays as it was", async (t) => {
  const parent = await mkdtemp(join(tmpdir(), "fresh-folder-"));
  t.after(() => rm(parent, { recursive: true }));
  const target = join(parent, "bin");
  await replaceFolder(target, (fresh) => writeFile(join(fresh, "program"), "first"));
  const failing = replaceFolder(target, async (fresh) => {
    await writeFile(join(fresh, "program"), "second");
    throw new Error("no space left");
  });
  await assert.rejects(failing, /no space left/);
  assert.equal(await readFile(join(target, "program"), "utf8"), "first");
  assert.deepEqual(await readdir(parent), ["bin"]);
});
