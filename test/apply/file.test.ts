import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLinuxFiles } from "../../agent/host/linux-files.ts";
import { MemoryContainerd } from "../fakes/memory-containerd.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { actionsOf, codesOf, createRounds, failureOf, plannedFile } from "../fakes/rounds.ts";

const CONFIG = "/etc/containerd/config.toml";
const isRoot = process.geteuid?.() === 0;

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A file system of 64 KiB, for real lack of space. */
function smallFileSystem(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
  context.after(() => {
    execFileSync("umount", [folder]);
    rmdirSync(folder);
  });
  return folder;
}

test("on the real file system a file is replaced as a whole, with its mode, whatever the umask", async (context) => {
  const folder = temporaryFolder(context);
  const files = createLinuxFiles();
  const path = join(folder, "sub/folder/file");
  const umask = process.umask(0o077);
  context.after(() => process.umask(umask));
  await files.write(path, "first", { mode: 0o644 });
  const { ino: inode, mode } = statSync(path);
  assert.equal(mode & 0o777, 0o644);
  await files.write(path, "second", { mode: 0o600 });
  assert.equal(readFileSync(path, "utf8"), "second");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.notEqual(statSync(path).ino, inode, "renamed over, not written into");
  assert.deepEqual(readdirSync(join(folder, "sub/folder")), ["file"], "no temporary file is left");
});

test("a write that is interrupted by a full disk leaves the old file whole and no temporary file", {
  skip: isRoot ? false : "mounting a small file system needs root",
}, async (context) => {
  const folder = smallFileSystem(context);
  const files = createLinuxFiles();
  const path = join(folder, "config");
  await files.write(path, "old content", { mode: 0o644 });
  await assert.rejects(files.write(path, "x".repeat(1_000_000), { mode: 0o644 }), {
    code: "disk-full",
    hint: new RegExp(`Free space below ${folder}`),
  });
  assert.equal(readFileSync(path, "utf8"), "old content");
  assert.deepEqual(readdirSync(folder), ["config"]);
});

test("a folder that stands in a file's place is an error that names the path", async (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, "config"));
  writeFileSync(join(folder, "config/keep"), "kept");
  await assert.rejects(createLinuxFiles().write(join(folder, "config"), "x", { mode: 0o644 }), {
    code: "file-unwritable",
    message: `${join(folder, "config")} was not written`,
  });
  assert.deepEqual(readdirSync(folder), ["config"]);
  assert.equal(readFileSync(join(folder, "config/keep"), "utf8"), "kept");
});

test("what is not there is undefined, what is not permitted is an error", async (context) => {
  const folder = temporaryFolder(context);
  const files = createLinuxFiles();
  writeFileSync(join(folder, "file"), "x");
  chmodSync(join(folder, "file"), 0o640);
  assert.equal(await files.read(join(folder, "absent")), undefined);
  assert.equal(await files.read(join(folder, "file/below")), undefined);
  assert.equal(await files.status(join(folder, "absent")), undefined);
  assert.equal((await files.status(join(folder, "file")))?.mode, 0o640);
  assert.deepEqual(await files.list(join(folder, "absent")), []);
  await assert.rejects(files.read(folder), { code: "file-unreadable" });
});

test("a file that is as planned is not touched", async () => {
  const host = new MemoryHost();
  host.files.put("/etc/a", "x");
  const round = await createRounds(host).apply(plannedFile("/etc/a", "x"));
  assert.deepEqual([round.changes, host.files.changes], [[], []]);
});

test("a file is created, updated, or has its mode set, and says which", async () => {
  const host = new MemoryHost();
  const { apply } = createRounds(host);
  assert.deepEqual(actionsOf(await apply(plannedFile("/etc/a", "1"))), ["create"]);
  assert.deepEqual(actionsOf(await apply(plannedFile("/etc/a", "2"))), ["update"]);
  assert.deepEqual(actionsOf(await apply(plannedFile("/etc/a", "2", { mode: 0o600 }))), ["set-mode"]);
  assert.equal(host.files.peek("/etc/a")?.mode, 0o600);
});

test("managed files belong to root, whatever their owner was before", async () => {
  const host = new MemoryHost();
  host.files.put("/etc/a", "theirs", { uid: 1000, gid: 1000 });
  await createRounds(host).apply(plannedFile("/etc/a", "ours"));
  assert.deepEqual([host.files.peek("/etc/a")?.uid, host.files.peek("/etc/a")?.gid], [0, 0]);
});

test("a configuration that containerd refuses never replaces the one that it runs with", async () => {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  host.files.put(CONFIG, "version = 2\n");
  containerd.rejects = () => "containerd: failed to load TOML\ninvalid plugin key URI";
  const round = await createRounds(host).apply(plannedFile(CONFIG, "version = 9\n", { reader: "containerd" }));
  assert.deepEqual(codesOf(round), ["containerd-config-rejected"]);
  assert.match(failureOf(round), /invalid plugin key URI$/);
  assert.equal(host.files.peek(CONFIG)?.content, "version = 2\n");
  assert.deepEqual(
    host.files.paths().filter((path) => path.startsWith("/etc/containerd/")),
    [CONFIG],
    "the candidate is gone",
  );
});

test("the candidate that containerd reads lies beside the real file, private", async () => {
  const containerd = new MemoryContainerd();
  let seen: { path: string; mode: number | undefined } | undefined;
  containerd.host.install("containerd", ([, path = ""]) => {
    seen = { path, mode: containerd.host.files.peek(path)?.mode };
    return {};
  });
  await createRounds(containerd.host).apply(plannedFile(CONFIG, "version = 2\n", { reader: "containerd" }));
  assert.match(seen?.path ?? "", /^\/etc\/containerd\//);
  assert.equal(seen?.mode, 0o600);
});

const MERGED = { reader: "containerd", isMerged: true, mode: 0o600 } as const;

test("a merged file keeps its owner and its mode, and a new one gets the plan's", async () => {
  const { host } = new MemoryContainerd();
  const { apply } = createRounds(host);
  host.files.put(CONFIG, "password = 1\n", { mode: 0o640, uid: 7, gid: 8 });
  assert.deepEqual(actionsOf(await apply(plannedFile(CONFIG, "version = 2\n", { ...MERGED, mode: 0o644 }))), [
    "update",
  ]);
  const { mode, uid, gid } = host.files.peek(CONFIG) ?? {};
  assert.deepEqual([mode, uid, gid], [0o640, 7, 8]);
  assert.deepEqual(actionsOf(await apply(plannedFile(CONFIG, "version = 2\n", { ...MERGED, mode: 0o644 }))), []);

  const fresh = new MemoryContainerd().host;
  await createRounds(fresh).apply(plannedFile(CONFIG, "version = 2\n", MERGED));
  assert.deepEqual([fresh.files.peek(CONFIG)?.mode, fresh.files.peek(CONFIG)?.uid], [0o600, 0]);
});

test("a merged file that became readable to more users than before the agent came is closed again; a narrower one stays", async () => {
  const { host } = new MemoryContainerd();
  const { apply } = createRounds(host);
  host.files.put(CONFIG, "password = 1\n", { mode: 0o640, uid: 7, gid: 8 });
  await apply(plannedFile(CONFIG, "version = 2\n", MERGED));
  host.files.put(CONFIG, "version = 2\n", { mode: 0o644 });
  assert.deepEqual(actionsOf(await apply(plannedFile(CONFIG, "version = 2\n", MERGED))), ["set-mode"]);
  assert.equal(host.files.peek(CONFIG)?.mode, 0o640);
  host.files.put(CONFIG, "version = 2\n", { mode: 0o600 });
  assert.deepEqual(actionsOf(await apply(plannedFile(CONFIG, "version = 2\n", MERGED))), []);
});
