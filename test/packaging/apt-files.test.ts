// The files of the apt repository: what is added, what is refused, what is kept, who can verify it.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { execa } from "execa";
import { KEY_FILE, makeRepository } from "../../scripts/release/apt/repository.ts";
import { makeThrowAwayKey, parseFingerprint, type ThrowAwayKey } from "../../scripts/release/apt/signature.ts";
import { renderChecksums } from "../../scripts/release/checksums.ts";
import { makeTrialSigning, signChecksums } from "../../scripts/release/signing.ts";
import { ARCHITECTURES, makeSmallDeb } from "./apt-repository.ts";
import { SAMPLE_TIME_SECONDS, scratchFolder, TOP } from "./sample-release.ts";

const POOL = "pool/main/e/eks-satellite";
const MAIN = join(TOP, "scripts/release/apt/main.ts");
const hasSqv = await execa("sqv", ["--version"]).then(
  () => true,
  () => false,
);

let signer: ThrowAwayKey;
before(async () => {
  signer = await makeThrowAwayKey();
});
after(() => signer[Symbol.asyncDispose]());

/** Adds packages to a repository, a new one when no folder is given. @returns the folder */
async function add(packages: readonly string[], folder?: string, timeSeconds = SAMPLE_TIME_SECONDS): Promise<string> {
  const target = folder ?? (await scratchFolder());
  await makeRepository({ folder: target, packages, architectures: ARCHITECTURES, signer, timeSeconds });
  return target;
}

test("the release file names every index with its size and sum, and when and for whom it was signed", async () => {
  const folder = await add([await makeSmallDeb("1.0.0", "amd64"), await makeSmallDeb("1.0.0", "arm64")]);
  const release = readFileSync(join(folder, "dists/stable/Release"), "utf8");
  assert.match(
    release,
    /^Suite: stable\nCodename: stable\nDate: Sun, 15 Jun 2025 15:06:40 UTC\nAcquire-By-Hash: yes$/m,
  );
  assert.match(release, /^Architectures: amd64 arm64$/m);
  const lines = Array.from(release.matchAll(/^ ([0-9a-f]{64}) (\d+) (\S+)$/gm));
  assert.equal(lines.length, 6);
  for (const [, sum = "", size, path = ""] of lines) {
    const content = readFileSync(join(folder, "dists/stable", path));
    assert.equal(content.length, Number(size), path);
    const byHash = join(folder, "dists/stable", path, "../by-hash/SHA256", sum);
    assert.ok(readFileSync(byHash).equals(content), path);
    const { stdout } = await execa("sha256sum", [byHash]);
    assert.equal(stdout.slice(0, 64), sum);
  }
});

test("the same packages give the same indexes, whatever the order in which they were added", async () => {
  const packages = [await makeSmallDeb("1.0.0", "amd64"), await makeSmallDeb("1.1.0", "amd64")];
  const [first, second] = [await add(packages), await add(packages.toReversed())];
  const read = (folder: string) => readFileSync(join(folder, "dists/stable/Release"), "utf8");
  assert.equal(read(first), read(second));
});

test("what the release file before names stays under its sum, and goes with the one after", async () => {
  const folder = await add([await makeSmallDeb("1.0.0", "amd64")]);
  const list = () => readdirSync(join(folder, "dists/stable/main/binary-amd64/by-hash/SHA256")).toSorted();
  const first = list();
  assert.equal(first.length, 3);
  await add([await makeSmallDeb("1.1.0", "amd64")], folder);
  assert.equal(list().length, 6);
  assert.deepEqual(
    first.filter((name) => !list().includes(name)),
    [],
  );
  await add([await makeSmallDeb("1.2.0", "amd64")], folder);
  assert.equal(list().length, 6);
  assert.deepEqual(
    first.filter((name) => list().includes(name)),
    [],
  );
});

test("a published version never changes, and the same one again is no change", async () => {
  const deb = await makeSmallDeb("1.0.0", "amd64");
  const folder = await add([deb]);
  await add([deb], folder);
  writeFileSync(deb, `${readFileSync(deb, "latin1")} `, "latin1");
  await assert.rejects(add([deb], folder), { code: "apt-package-changed" });
});

test("a package of another name or processor, a broken one and an empty pool are refused, and nothing is signed", async () => {
  const root = await scratchFolder();
  const foreign = join(root, "foreign.deb");
  await execa("dpkg-deb", ["--raw-extract", await makeSmallDeb("1.0.0", "amd64"), join(root, "tree")]);
  const control = join(root, "tree/DEBIAN/control");
  writeFileSync(control, readFileSync(control, "utf8").replace("Package: eks-satellite", "Package: libc6"));
  await execa("dpkg-deb", ["--root-owner-group", "--build", join(root, "tree"), foreign]);
  writeFileSync(join(root, "broken.deb"), "half of it");
  for (const [packages, code] of [
    [[foreign], "apt-package-foreign"],
    [[await makeSmallDeb("1.0.0", "riscv64")], "apt-package-foreign"],
    [[join(root, "broken.deb")], "tool-failed"],
    [[], "apt-pool-empty"],
  ] as const) {
    const folder = await scratchFolder();
    await assert.rejects(add(packages, folder), { code });
    assert.equal(existsSync(join(folder, "dists")), false);
  }
});

test("gpgv verifies InRelease and Release.gpg with the published key", async () => {
  const folder = await add([await makeSmallDeb("1.0.0", "amd64")]);
  const keyring = join(await scratchFolder(), "key.gpg");
  await execa("gpg", ["--batch", "--dearmor", "--output", keyring, join(folder, KEY_FILE)]);
  const suite = join(folder, "dists/candidate");
  for (const files of [[join(suite, "InRelease")], [join(suite, "Release.gpg"), join(suite, "Release")]]) {
    const { stderr } = await execa("gpgv", ["--keyring", keyring, ...files]);
    assert.match(stderr, /Good signature/);
  }
  assert.ok(!readFileSync(join(folder, KEY_FILE), "utf8").includes("PRIVATE"));
});

test("sqv, by which Debian 13 verifies, takes the signature, too", {
  skip: hasSqv ? false : "sqv is not installed: apt-get install sqv",
}, async () => {
  const folder = await add([await makeSmallDeb("1.0.0", "amd64")]);
  const [key, suite] = [join(folder, KEY_FILE), join(folder, "dists/stable")];
  const { stdout } = await execa("sqv", ["--keyring", key, join(suite, "Release.gpg"), join(suite, "Release")]);
  assert.equal(stdout, signer.keys[0]);
});

test("a key is a whole fingerprint", () => {
  const fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
  assert.equal(parseFingerprint("0123 4567 89ab cdef 0123  4567 89ab cdef 0123 4567"), fingerprint);
  for (const text of ["89ABCDEF", "maintainers@example.com", `${fingerprint}0`, "--batch"])
    assert.throws(() => parseFingerprint(text), { code: "apt-key-invalid" });
});

/** A release with two packages, and what `scripts/build --apt` makes of it. */
async function build(change: (release: string) => void = () => {}) {
  const release = await scratchFolder();
  const debs = [await makeSmallDeb("1.0.0", "amd64", release), await makeSmallDeb("1.0.0", "arm64", release)];
  writeFileSync(
    join(release, "SHA256SUMS"),
    await renderChecksums(
      release,
      debs.map((path) => path.slice(release.length + 1)),
    ),
  );
  change(release);
  const folder = join(await scratchFolder(), "apt");
  const env = { GNUPGHOME: signer.home };
  const run = (...args: readonly string[]) => execa(process.execPath, [MAIN, ...args], { env, reject: false });
  return { folder, release, run, args: [folder, "--release", release, "--key", signer.keys[0] ?? ""] };
}

test("scripts/build --apt adds a release and signs with a key of the user's keyring", async () => {
  const { folder, run, args } = await build();
  const { exitCode, stdout, stderr } = await run(...args);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  assert.equal(
    stdout,
    `! the release has no SHA256SUMS.sig\n1.0.0 amd64\n1.0.0 arm64\n${folder} is signed by ${signer.keys[0]}`,
  );
  assert.deepEqual(readdirSync(folder).toSorted(), ["dists", KEY_FILE, "pool"]);
  assert.equal(readdirSync(join(folder, POOL)).length, 2);
  const leftovers = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".new"));
  assert.deepEqual(leftovers, []);
});

test("it takes no release whose sums differ, no key that is not there, and no half of its arguments", async () => {
  const damaged = await build((release) => writeFileSync(join(release, "eks-satellite_1.0.0_arm64.deb"), "half of it"));
  const { exitCode, stderr } = await damaged.run(...damaged.args);
  assert.equal(exitCode, 1);
  assert.match(stderr, /^tool-failed: .*sha256sum/);
  assert.equal(existsSync(damaged.folder), false);

  const { folder, run, args } = await build();
  const unknown = await run(...args.slice(0, -1), "F".repeat(40));
  assert.equal(unknown.exitCode, 1);
  assert.match(unknown.stderr, /^apt-key-missing: gpg has no secret key F{40}: .*\n {2}gpg --list-secret-keys/);
  assert.equal(existsSync(folder), false);
  for (const some of [[], [folder], ["--key", "F".repeat(40)], [...args, "more"], [...args, "--kez", "x"]]) {
    const wrong = await run(...some);
    assert.equal(wrong.exitCode, 64, some.join(" "));
    assert.match(wrong.stderr, /usage: scripts\/build --apt FOLDER --key FINGERPRINT/);
  }
});

test("a release that has a signature is taken only when a known key has signed these sums", async () => {
  const signing = await makeTrialSigning(await scratchFolder());
  const { folder, release, run, args } = await build();
  const sums = readFileSync(join(release, "SHA256SUMS"), "utf8");
  const known = ["--allowed-signers", signing.allowedSigners];
  writeFileSync(join(release, "SHA256SUMS.sig"), await signChecksums(`${sums}\n`, signing, await scratchFolder()));
  for (const signers of [known, []]) {
    const { exitCode, stderr } = await run(...args, ...signers);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^tool-failed: .*ssh-keygen/);
    assert.equal(existsSync(folder), false);
  }
  writeFileSync(join(release, "SHA256SUMS.sig"), await signChecksums(sums, signing, await scratchFolder()));
  const { exitCode, stdout } = await run(...args, ...known);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^1\.0\.0 amd64\n/);
});
