// The same cases on the files of a real machine and on those in memory: tests with the latter prove nothing that the former do not do.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Files } from "../../agent/host/host.ts";
import { createLinuxFiles } from "../../agent/host/linux-files.ts";
import { MemoryFiles } from "../fakes/memory-files.ts";

interface Machine {
  readonly files: Files;
  /** A folder of the test's own. */
  readonly root: string;
}

function realMachine(context: TestContext): Machine {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "files-")));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  return { files: createLinuxFiles(), root };
}

async function memoryMachine(): Promise<Machine> {
  const files = new MemoryFiles(() => Date.now());
  await files.makeFolder("/x", 0o755);
  return { files, root: "/x" };
}

function conforms(what: string, check: (machine: Machine) => Promise<void>): void {
  test(`${what} (a real machine)`, (context) => check(realMachine(context)));
  test(`${what} (in memory)`, async () => check(await memoryMachine()));
}

const WRITE = { mode: 0o640 };

conforms(
  "a file that is written is read back, with its mode; what is not there is undefined",
  async ({ files, root }) => {
    await files.write(`${root}/a`, "content", WRITE);
    assert.equal(await files.read(`${root}/a`), "content");
    const { kind, mode, sizeBytes } = (await files.status(`${root}/a`)) ?? {};
    assert.deepEqual([kind, mode, sizeBytes], ["file", 0o640, 7]);
    assert.deepEqual([await files.read(`${root}/b`), await files.status(`${root}/b`)], [undefined, undefined]);
  },
);

conforms(
  "the folders of a file that is written are made, listed with sorted names, and none when absent",
  async ({ files, root }) => {
    await files.write(`${root}/b/2`, "", WRITE);
    await files.write(`${root}/b/1`, "", WRITE);
    assert.deepEqual(await files.list(`${root}/b`), ["1", "2"]);
    assert.deepEqual(await files.list(`${root}/none`), []);
    assert.equal((await files.status(`${root}/b`))?.kind, "folder");
  },
);

conforms("a file is moved, removed, and removed again", async ({ files, root }) => {
  await files.write(`${root}/a`, "x", WRITE);
  await files.move(`${root}/a`, `${root}/b`);
  assert.deepEqual([await files.read(`${root}/a`), await files.read(`${root}/b`)], [undefined, "x"]);
  await files.remove(`${root}/b`);
  await files.remove(`${root}/b`);
  assert.equal(await files.read(`${root}/b`), undefined);
  await assert.rejects(files.move(`${root}/none`, `${root}/c`), { code: "file-unwritable" });
});

conforms("a digest is that of the content, and undefined without a file", async ({ files, root }) => {
  const content = "x".repeat(300_000);
  await files.write(`${root}/a`, content, WRITE);
  assert.equal(await files.digest(`${root}/a`), createHash("sha256").update(content).digest("hex"));
  assert.equal(await files.digest(`${root}/none`), undefined);
});

conforms("a link is made, and takes the place of a link or a file", async ({ files, root }) => {
  await files.write(`${root}/one`, "1", WRITE);
  await files.write(`${root}/two`, "2", WRITE);
  await files.link(`${root}/link`, `${root}/one`);
  assert.deepEqual([await files.readLink(`${root}/link`), await files.read(`${root}/link`)], [`${root}/one`, "1"]);
  await files.link(`${root}/link`, `${root}/two`);
  assert.equal(await files.read(`${root}/link`), "2");
  await files.link(`${root}/one`, `${root}/two`);
  assert.deepEqual([await files.readLink(`${root}/one`), await files.read(`${root}/two`)], [`${root}/two`, "2"]);
  assert.equal(await files.readLink(`${root}/two`), undefined);
  assert.deepEqual(await files.list(root), ["link", "one", "two"]);
});

conforms("a real path leads through links, also where its end does not exist yet", async ({ files, root }) => {
  await files.makeFolder(`${root}/disk`, 0o755);
  await files.link(`${root}/kubelet`, `${root}/disk`);
  assert.equal(await files.realPath(`${root}/kubelet`), `${root}/disk`);
  assert.equal(await files.realPath(`${root}/kubelet/pods/a`), `${root}/disk/pods/a`);
  assert.equal(await files.realPath(`${root}/none`), `${root}/none`);
});

conforms("a tree is removed with everything in it, and what a link in it leads to stays", async ({ files, root }) => {
  await files.write(`${root}/kept/file`, "kept", WRITE);
  await files.write(`${root}/tree/a/b`, "x", WRITE);
  await files.link(`${root}/tree/link`, `${root}/kept`);
  await files.removeTree(`${root}/tree`);
  assert.equal(await files.status(`${root}/tree`), undefined);
  assert.equal(await files.read(`${root}/kept/file`), "kept");
  await files.removeTree(`${root}/tree`);
  await files.link(`${root}/link`, `${root}/kept`);
  await files.removeTree(`${root}/link`);
  assert.equal(await files.readLink(`${root}/link`), undefined);
  assert.equal(await files.read(`${root}/kept/file`), "kept", "a link is removed, and not followed");
});

conforms("a temporary folder has a name of its own, and is its owner's alone", async ({ files, root }) => {
  const [one, other] = [await files.makeTemporaryFolder(root), await files.makeTemporaryFolder(root)];
  assert.notEqual(one, other);
  assert.ok(one.startsWith(`${root}/.eks-satellite-`));
  const status = await files.status(one);
  assert.deepEqual([status?.kind, status?.mode], ["folder", 0o700]);
});

conforms("a copy takes no name that is taken, not even that of a link that leads nowhere", async ({ files, root }) => {
  await files.write(`${root}/draft`, "new", { mode: 0o600 });
  await files.write(`${root}/victim`, "old", WRITE);
  await files.link(`${root}/link`, `${root}/victim`);
  await files.link(`${root}/dangling`, `${root}/none`);
  for (const name of ["victim", "link", "dangling"])
    await assert.rejects(files.copyToNew(`${root}/draft`, `${root}/${name}`), { code: "file-exists" });
  assert.equal(await files.read(`${root}/victim`), "old");
  assert.equal(await files.read(`${root}/none`), undefined);
  await files.copyToNew(`${root}/draft`, `${root}/copy`);
  assert.equal(await files.read(`${root}/copy`), "new");
  assert.equal((await files.status(`${root}/copy`))?.mode, 0o600);
});

conforms("an empty folder is removed, one that holds anything is not", async ({ files, root }) => {
  await files.makeFolder(`${root}/empty`, 0o755);
  await files.write(`${root}/full/a`, "", WRITE);
  assert.equal(await files.removeEmptyFolder(`${root}/empty`), true);
  assert.equal(await files.removeEmptyFolder(`${root}/empty`), false);
  assert.equal(await files.removeEmptyFolder(`${root}/full`), false);
  assert.equal(await files.read(`${root}/full/a`), "");
});

conforms("a folder cannot be read; a file takes its place when it is empty, and only then", async ({ files, root }) => {
  await files.makeFolder(`${root}/empty`, 0o755);
  await files.write(`${root}/full/a`, "kept", WRITE);
  await assert.rejects(files.read(`${root}/empty`), { code: "file-unreadable" });
  await files.write(`${root}/empty`, "content", WRITE);
  assert.equal(await files.read(`${root}/empty`), "content");
  await assert.rejects(files.write(`${root}/full`, "content", WRITE), { code: "file-unwritable" });
  assert.equal(await files.read(`${root}/full/a`), "kept");
});

test("a link of a run that was broken off does not keep the next one from being made", async (context) => {
  const { files, root } = realMachine(context);
  symlinkSync("/nowhere", `${root}/link.eks-satellite`);
  await files.link(`${root}/link`, "/somewhere");
  assert.deepEqual([await files.readLink(`${root}/link`), await files.list(root)], ["/somewhere", ["link"]]);
});

conforms("a lock is one process's until it is released, and its file holds what it says", async ({ files, root }) => {
  const first = await files.lock(`${root}/state/lock`, "first");
  assert.ok(first);
  assert.equal(await files.lock(`${root}/state/lock`, "second"), undefined);
  assert.equal(await files.read(`${root}/state/lock`), "first");
  assert.equal((await files.status(`${root}/state/lock`))?.mode, 0o600);
  await first.release();
  const second = await files.lock(`${root}/state/lock`);
  assert.equal(await files.read(`${root}/state/lock`), "first", "nothing is written without a content");
  await second?.release();
});

test("a lock ends with its holder, and is not inherited by the holder's children", async (context) => {
  const { files, root } = realMachine(context);
  const module = new URL("../../agent/host/linux-files.ts", import.meta.url).href;
  const program = `
    const { createLinuxFiles } = await import(${JSON.stringify(module)});
    globalThis.held = await createLinuxFiles().lock(${JSON.stringify(`${root}/lock`)}, "x");
    (await import("node:child_process")).spawn("sleep", ["30"], { detached: true, stdio: "ignore" }).unref();
    console.log("held");
    setInterval(() => undefined, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(() => holder.kill("SIGKILL"));
  await once(holder.stdout, "data");
  assert.equal(await files.lock(`${root}/lock`), undefined);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const lock = await files.lock(`${root}/lock`);
  assert.ok(lock);
  await lock.release();
});

conforms("a file is opened once for its status and its text; a folder has no text", async ({ files, root }) => {
  await files.write(`${root}/a`, "text", { mode: 0o640 });
  const { status, text } = (await files.readWithStatus(`${root}/a`, 4)) ?? {};
  assert.deepEqual([status?.kind, status?.mode, status?.sizeBytes, text], ["file", 0o640, 4, "text"]);
  await assert.rejects(files.readWithStatus(`${root}/a`, 3), { code: "file-unreadable" });
  await files.makeFolder(`${root}/folder`, 0o755);
  assert.equal((await files.readWithStatus(`${root}/folder`, 10))?.status.kind, "folder");
  assert.equal(await files.readWithStatus(`${root}/none`, 10), undefined);
});

test("a pipe without a writer holds no reader", async (context) => {
  const { files, root } = realMachine(context);
  execFileSync("mkfifo", [`${root}/pipe`]);
  assert.deepEqual((await files.readWithStatus(`${root}/pipe`, 10))?.status.kind, "other");
});

conforms("lines are appended to a file that is root's alone, and its size is returned", async ({ files, root }) => {
  const path = `${root}/new/lines`;
  assert.equal(await files.appendLines(path, "one\n"), 4);
  assert.equal(await files.appendLines(path, "two\nthree\n"), 14);
  assert.equal(await files.read(path), "one\ntwo\nthree\n");
  assert.equal((await files.status(path))?.mode, 0o600);
});

conforms("after a line that was cut the next begins anew", async ({ files, root }) => {
  await files.write(`${root}/lines`, "one\ntw", { mode: 0o600 });
  assert.equal(await files.appendLines(`${root}/lines`, "three\n"), 13);
  assert.equal(await files.read(`${root}/lines`), "one\ntw\nthree\n");
});
