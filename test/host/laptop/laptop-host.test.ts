import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLaptopHost } from "../../../agent/host/laptop/laptop-host.ts";

const host = createLaptopHost();

function scratch(context: TestContext): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "laptop-")));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

test("files are written as a whole, read back and looked at; what is not there is undefined", async (context) => {
  const root = scratch(context);
  await host.files.write(`${root}/a/b`, "content", { mode: 0o600 });
  assert.equal(await host.files.read(`${root}/a/b`), "content");
  assert.equal((await host.files.readWithStatus(`${root}/a/b`, 7))?.status.mode, 0o600);
  await assert.rejects(host.files.readWithStatus(`${root}/a/b`, 6), { code: "file-unreadable" });
  assert.deepEqual(readdirSync(`${root}/a`), ["b"]);
  assert.equal((await host.files.status(root))?.kind, "folder");
  assert.equal(await host.files.realPath(`${root}/a/../a/none`), `${root}/a/none`);
  for (const absent of [`${root}/none`, `${root}/a/b/c`])
    assert.deepEqual([await host.files.read(absent), await host.files.status(absent)], [undefined, undefined]);
});

test("a folder for drafts is the user's alone, and is removed with what is in it", async (context) => {
  const folder = await host.files.makeTemporaryFolder(scratch(context));
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  writeFileSync(`${folder}/x`, "");
  await host.files.removeTree(folder);
  await host.files.removeTree(folder);
  assert.ok(!existsSync(folder));
});

test("a file that is not the user's to write is no reason to become root", (context) => {
  const root = scratch(context);
  chmodSync(root, 0o555);
  const module = new URL("../../../agent/host/laptop/laptop-host.ts", import.meta.url).pathname;
  const script = `
    if (process.geteuid() === 0) process.seteuid(65534);
    const { createLaptopHost } = await import(${JSON.stringify(module)});
    await createLaptopHost().files.write(${JSON.stringify(`${root}/x`)}, "", { mode: 0o600 }).catch((error) => console.log(error.code, error.hint));`;
  const said = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  assert.equal(said, "file-unwritable Give a file in a folder that is yours, or see ls -l.\n");
});

test("commands are run with what they read, and two clocks, a name and a user are there", async () => {
  assert.deepEqual(await host.run("cat", [], { input: "x" }), { exitCode: 0, stdout: "x", stderr: "" });
  await assert.rejects(host.run("no-such-command", []), { code: "command-missing" });
  assert.equal(host.hostname, hostname());
  assert.equal(host.userId, process.geteuid?.());
  assert.ok(Math.abs(host.clock.now() - Date.now()) < 1000 && host.clock.monotonic() > 0);
  await assert.rejects(host.clock.sleep(60_000, AbortSignal.abort()));
});
