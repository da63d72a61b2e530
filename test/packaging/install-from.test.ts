// install.sh --from: a release from a URL or a file.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { install, mirror, publishedSum, refused, SIGNATURE, SUMS, TARBALL } from "./install-fresh.ts";
import { Machine } from "./install-machine.ts";
import { NEW, OLD, tarballName } from "./install-mirror.ts";
import { scratchFolder } from "./sample-release.ts";

test("--from takes the URL of a tarball with SHA256SUMS beside it; a password in it is not shown", async () => {
  const machine = await Machine.create();
  const url = `${mirror.url.replace("http://", "http://user:word@")}${TARBALL}`;
  const { exitCode, stdout } = await install(machine, ["--from", url]);
  assert.equal(exitCode, 0);
  assert.deepEqual(mirror.requests, [SUMS, SIGNATURE, TARBALL]);
  assert.doesNotMatch(stdout, /user:word/);
});

test("--from FILE needs SHA256SUMS beside it or --sha256, and takes no other machine's tarball", async () => {
  const folder = await scratchFolder();
  const file = join(folder, tarballName(OLD));
  copyFileSync(join(mirror.folder, TARBALL), file);
  const alone = await refused(["--from", file]);
  assert.match(alone.stderr, /reading SHA256SUMS: there is no file .*SHA256SUMS\n {2}→ .*--sha256 SUM/);

  const sum = publishedSum();
  const machine = await Machine.create();
  assert.equal((await install(machine, ["--from", file, "--sha256", sum.toUpperCase()])).exitCode, 0);
  assert.match((await refused(["--from", file, "--sha256", "0".repeat(64)])).stderr, /must be 0{64}/);

  const other = join(dirname(join(mirror.folder, TARBALL)), tarballName(OLD, "arm64"));
  assert.match(
    (await refused(["--from", other])).stderr,
    /it holds eks-satellite-1\.0\.0-linux-arm64, and this is linux-amd64/,
  );
  assert.match(
    (await refused(["--from", file, "--sha256", sum, "--version", NEW])).stderr,
    /holds version 1\.0\.0, and --version says 1\.1\.0/,
  );
});

test("a file that is not a release's tarball is reported, though its checksum is right", async () => {
  const folder = await scratchFolder();
  const from = (name: string) => {
    const file = join(folder, name);
    const sum = createHash("sha256").update(readFileSync(file)).digest("hex");
    return refused(["--from", file, "--sha256", sum]);
  };
  writeFileSync(join(folder, "text.tar.gz"), "not a tarball");
  assert.match((await from("text.tar.gz")).stderr, /unpacking text\.tar\.gz: tar cannot unpack it\n/);
  writeFileSync(join(folder, "notes"), "something else");
  await execa("tar", ["-czf", "notes.tar.gz", "notes"], { cwd: folder });
  assert.match((await from("notes.tar.gz")).stderr, /it is not a release of eks-satellite: it has no file VERSION\n/);
});
