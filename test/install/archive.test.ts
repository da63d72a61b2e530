// What GNU tar says of real archives, and what is refused of it.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { checkArchive } from "../../agent/install/archive.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const host = createLinuxHost();

async function pack(context: TestContext, fill: (folder: string) => unknown, ...options: readonly string[]) {
  const top = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  context.after(() => rmSync(top, { recursive: true }));
  const folder = join(top, "content");
  mkdirSync(folder);
  await fill(folder);
  const file = join(top, "plugins.tgz");
  const { exitCode, stderr } = await host.run("tar", [
    ...["--create", "--gzip", `--file=${file}`, `--directory=${folder}`, ...options, "."],
  ]);
  assert.equal(exitCode, 0, stderr);
  return file;
}

test("plain files in the top folder are taken", async (context) => {
  const names = ["bridge", "host-local", "LICENSE", "README.md"];
  await checkArchive(
    host,
    await pack(context, (folder) => names.map((name) => writeFileSync(join(folder, name), "x"))),
  );
  const listed = await pack(context, (folder) => writeFileSync(join(folder, "bridge"), "x"), "--transform=s,^./,,");
  await checkArchive(host, listed);
});

const REFUSED: Readonly<Record<string, (folder: string) => unknown>> = {
  "a link": (folder) => symlinkSync("/etc/shadow", join(folder, "passwd")),
  "a set-uid program": (folder) => {
    writeFileSync(join(folder, "su"), "x");
    return host.run("chmod", ["4755", join(folder, "su")]);
  },
  "a folder": (folder) => mkdirSync(join(folder, "below")),
  "a pipe": (folder) => host.run("mkfifo", [join(folder, "pipe")]),
  "an odd name": (folder) => writeFileSync(join(folder, "a\nb"), "x"),
  "a file that is large once unpacked": (folder) => host.run("truncate", ["--size=600M", join(folder, "bomb")]),
  "many files": (folder) =>
    Array.from({ length: 300 }, (_, index) => writeFileSync(join(folder, `plugin-${index}`), "x")),
};

for (const [what, fill] of Object.entries(REFUSED))
  test(`an archive with ${what} is refused`, async (context) => {
    await assert.rejects(checkArchive(host, await pack(context, fill)), { code: "archive-refused" });
  });

test("a name that leads out is refused, as is what tar cannot read", async () => {
  const memory = new MemoryHost();
  for (const name of ["../escape", "/etc/passwd", "./below/file", "file -> /etc/shadow"]) {
    memory.install("tar", () => ({ stdout: `-rwxr-xr-x root/root 4096 2026-01-02 03:04 ${name}` }));
    await assert.rejects(checkArchive(memory, "/a.tgz"), { code: "archive-refused" }, name);
  }
  memory.install("tar", () => ({ exitCode: 2, stderr: "tar: not a gzip file" }));
  await assert.rejects(checkArchive(memory, "/a.tgz"), { code: "artifact-broken" });
});
