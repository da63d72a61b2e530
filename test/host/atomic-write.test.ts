import assert from "node:assert/strict";
import { lstat, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import type { SatelliteError } from "../../agent/errors.ts";
import { writeAtomically } from "../../agent/host/atomic-write.ts";

test("a write to a link replaces its target, and the link stays", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "atomic-write-"));
  context.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "real.toml"), "before");
  await symlink("real.toml", join(folder, "config.toml"));
  await writeAtomically(join(folder, "config.toml"), "after", { mode: 0o644 });
  assert.equal(await readlink(join(folder, "config.toml")), "real.toml");
  assert.equal(await readFile(join(folder, "real.toml"), "utf8"), "after");
});

test("a link to what is no file, as to /dev/null, is refused, and what it leads to stays", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "eks-satellite-files-"));
  context.after(() => rm(folder, { recursive: true }));
  const [device, link] = [join(folder, "device"), join(folder, "link")];
  // A named pipe stands for the device: it can be made without root.
  await execa("mkfifo", [device]);
  await symlink(device, link);
  await assert.rejects(writeAtomically(link, "content", { mode: 0o644 }), (error: SatelliteError) => {
    assert.deepEqual(
      [error.code, error.message],
      ["file-unwritable", `${link} is a link to ${device}, which is no file`],
    );
    assert.equal(error.hint, `Remove the link: rm ${link}.`);
    return true;
  });
  assert.ok((await lstat(device)).isFIFO());
  assert.deepEqual((await readdir(folder)).sort(), ["device", "link"]);
});

test("the next write removes what a power cut left of an earlier one, and nothing else", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "atomic-write-"));
  context.after(() => rm(folder, { recursive: true }));
  const others = [
    ".config.toml.tmp",
    ".config.toml.mine.tmp",
    ".other.toml.0123456789ab.tmp",
    "config.toml.0123456789ab.tmp",
  ];
  for (const name of [...others, ".config.toml.0123456789ab.tmp"]) await writeFile(join(folder, name), "half");
  await writeAtomically(join(folder, "config.toml"), "whole", { mode: 0o644 });
  assert.deepEqual((await readdir(folder)).toSorted(), [...others, "config.toml"].toSorted());
});

test("concurrent writes to one file do not remove each other's temporary files", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "atomic-write-"));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "token");
  const contents = Array.from({ length: 20 }, (_, number) => `content ${number}`);
  await Promise.all(contents.map((content) => writeAtomically(path, content, { mode: 0o600 })));
  assert.ok(contents.includes(await readFile(path, "utf8")));
  assert.deepEqual(await readdir(folder), ["token"]);
});
