import assert from "node:assert/strict";
import { mkdtemp, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeAtomically } from "../../agent/host/atomic-write.ts";

test("a link is written through and stays a link", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "atomic-write-"));
  context.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "real.toml"), "before");
  await symlink("real.toml", join(folder, "config.toml"));
  await writeAtomically(join(folder, "config.toml"), "after", { mode: 0o644 });
  assert.equal(await readlink(join(folder, "config.toml")), "real.toml");
  assert.equal(await readFile(join(folder, "real.toml"), "utf8"), "after");
});
