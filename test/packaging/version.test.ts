import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { ARCHITECTURES } from "../../scripts/release/architecture.ts";
import { makeRelease } from "../../scripts/release/release.ts";
import { sourceTimeSeconds } from "../../scripts/release/source-time.ts";
import { debianVersion, parseVersion } from "../../scripts/release/version.ts";
import { scratchFolder, TOP } from "./sample-release.ts";

test("a semver version is taken as it stands", () => {
  for (const version of ["0.1.0", "1.2.3-rc.1", "1.2.3-alpha-2+build.7", "10.20.30+x"]) {
    assert.equal(parseVersion(version), version);
  }
});

test("what is not semver is refused, with the value and what to write", () => {
  for (const version of [
    "",
    "v1.2.3",
    "=1.2.3",
    "1.2",
    "1.2.3.4",
    "01.2.3",
    "1.2.3 ",
    "1.2.3+",
    "latest",
    "1.2.3/../x",
  ]) {
    assert.throws(
      () => parseVersion(version),
      { code: "release-version-invalid", message: `${JSON.stringify(version)} is not a semver version` },
      version,
    );
  }
});

test("a release of what is not semver makes nothing", async () => {
  const output = join(await scratchFolder(), "release");
  const takeNode = () => assert.fail("Node was taken");
  const options = { top: TOP, version: "1.2", output, timeSeconds: 0, architectures: ARCHITECTURES, takeNode };
  await assert.rejects(makeRelease(options), { code: "release-version-invalid" });
  assert.equal(existsSync(output), false);
});

test("scripts/build --release says what is wrong with a version, and exits 1", async () => {
  const { exitCode, stderr } = await execa(join(TOP, "scripts/build"), ["--release", "--version", "v1"], {
    reject: false,
  });
  assert.equal(exitCode, 1);
  assert.match(stderr, /^release-version-invalid: "v1" is not a semver version\n {2}Write it as major\.minor\.patch/m);
});

test("an unknown argument of scripts/build is a usage error, 64", async () => {
  for (const args of [["--relaese"], ["--release", "--arch"]]) {
    const { exitCode, stderr } = await execa(join(TOP, "scripts/build"), args, { reject: false });
    assert.equal(exitCode, 64);
    assert.match(stderr, /^usage: scripts\/build/m);
  }
});

test("dpkg sorts the versions as semver does: a release candidate before its release", async () => {
  const versions = ["0.9.0", "1.0.0-alpha.1", "1.0.0-alpha-b", "1.0.0-rc.1", "1.0.0", "1.0.1"].map(debianVersion);
  assert.deepEqual(versions.slice(1, 4), ["1.0.0~alpha.1", "1.0.0~alpha.b", "1.0.0~rc.1"]);
  for (const [at, version] of versions.slice(1).entries()) {
    await execa("dpkg", ["--compare-versions", String(versions[at]), "lt", version]);
  }
});

test("the time of a release is SOURCE_DATE_EPOCH, else that of the last commit", async () => {
  assert.equal(await sourceTimeSeconds(TOP, { SOURCE_DATE_EPOCH: "1700000000" }), 1_700_000_000);
  const repository = await scratchFolder();
  const git = (...args: string[]) =>
    execa("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
      cwd: repository,
      env: { GIT_COMMITTER_DATE: "@1600000000 +0200" },
    });
  await git("init", "--quiet");
  await git("commit", "--quiet", "--allow-empty", "--message", "x");
  assert.equal(await sourceTimeSeconds(repository, {}), 1_600_000_000);
});

test("an invalid time, and a folder without commits, are errors that say what to do", async () => {
  await assert.rejects(sourceTimeSeconds(TOP, { SOURCE_DATE_EPOCH: "yesterday" }), {
    code: "release-time-invalid",
    message: 'SOURCE_DATE_EPOCH is "yesterday"',
  });
  await assert.rejects(sourceTimeSeconds(await scratchFolder(), {}), { code: "release-time-unknown" });
});
