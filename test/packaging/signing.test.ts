// SHA256SUMS.sig, by the real ssh-keygen.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { ARCHITECTURES } from "../../scripts/release/architecture.ts";
import { makeRelease } from "../../scripts/release/release.ts";
import {
  makeTrialSigning,
  renderSigner,
  type Signing,
  signChecksums,
  verifyChecksums,
} from "../../scripts/release/signing.ts";
import { trySignature } from "../../scripts/release/try.ts";
import { sampleRelease, scratchFolder, TOP, takeSampleRelease } from "./sample-release.ts";

const SUMS = `${"a".repeat(64)}  eks-satellite-1.2.3-linux-amd64.tar.gz\n`;
const BEGIN = "-----BEGIN SSH SIGNATURE-----";

/** A list of the keys of several. */
function listAll(folder: string, all: readonly Signing[], limits: readonly string[] = []): string {
  const file = join(folder, "allowed_signers");
  const keys = all.flatMap(({ keys }) => keys).map((key) => readFileSync(`${key}.pub`, "utf8"));
  writeFileSync(file, `# both\n${keys.map((key) => renderSigner(key, limits)).join("")}`);
  return file;
}

test("a release with a key has SHA256SUMS.sig beside SHA256SUMS, which ssh-keygen verifies by hand", async () => {
  const signing = await makeTrialSigning(await scratchFolder());
  const release = { ...(await sampleRelease()), architectures: ARCHITECTURES.slice(0, 1), signing };
  assert.deepEqual((await makeRelease(release)).slice(-2), ["SHA256SUMS", "SHA256SUMS.sig"]);
  const line = `ssh-keygen -Y verify -f ${signing.allowedSigners} -I eks-satellite-release -n eks-satellite-release -s SHA256SUMS.sig < SHA256SUMS`;
  const { stdout } = await execa("sh", ["-c", line], { cwd: release.output });
  assert.match(stdout, /^Good "eks-satellite-release" signature for eks-satellite-release with ED25519 key SHA256:/);
  const said = await trySignature(release, await scratchFolder());
  assert.equal(said, `ssh-keygen verifies SHA256SUMS.sig by ${signing.allowedSigners}`);
  writeFileSync(join(release.output, "SHA256SUMS"), SUMS);
  await assert.rejects(trySignature(release, await scratchFolder()), { code: "tool-failed" });
});

test("a release without a key has no signature, also when it was tried", async () => {
  const release = { ...(await sampleRelease()), output: await takeSampleRelease() };
  assert.match(await trySignature(release, await scratchFolder()), /the release itself is NOT signed$/);
  assert.ok(!readdirSync(release.output).some((name) => name.includes(".sig") || name.includes("key")));
});

test("while keys change a release has the signatures of both, each of which is one", async () => {
  const folder = await scratchFolder();
  const [old, young] = [await makeTrialSigning(folder), await makeTrialSigning(folder)];
  const both = { keys: [...old.keys, ...young.keys], allowedSigners: listAll(folder, [old, young]) };
  const signature = await signChecksums(SUMS, both, folder);
  const [first = "", second = ""] = signature.split(BEGIN).slice(1);
  await verifyChecksums(SUMS, BEGIN + first, { allowedSigners: old.allowedSigners, work: folder });
  await verifyChecksums(SUMS, BEGIN + second, { allowedSigners: young.allowedSigners, work: folder });
  await assert.rejects(verifyChecksums(SUMS, BEGIN + second, { allowedSigners: old.allowedSigners, work: folder }));
});

test("a key that no installer knows, or that is past its time, signs no release", async () => {
  const folder = await scratchFolder();
  const [ours, other] = [await makeTrialSigning(folder), await makeTrialSigning(folder)];
  const past = listAll(folder, [ours], ['valid-before="20200101"']);
  for (const signing of [
    { keys: [...ours.keys, ...other.keys], allowedSigners: ours.allowedSigners },
    { keys: ours.keys, allowedSigners: past },
  ]) {
    await assert.rejects(signChecksums(SUMS, signing, folder), {
      code: "signing-key-unknown",
      message: /is none of the valid keys of .*allowed_signers$/,
    });
  }
});

test("a key that is not in the repository's own list signs no release", async () => {
  const folder = await scratchFolder();
  const { keys } = await makeTrialSigning(folder);
  const allowedSigners = join(TOP, "packaging/release-keys/allowed_signers");
  await assert.rejects(signChecksums(SUMS, { keys, allowedSigners }, folder), { code: "signing-key-unknown" });
});

test("a key that is not there, or not in the list, is reported before anything is built", async () => {
  const { keys } = await makeTrialSigning(await scratchFolder());
  const key = keys[0] ?? "";
  const main = join(TOP, "scripts/release/main.ts");
  for (const [args, env] of [
    [["--signing-key", "/nowhere/key"], {}],
    [[], { EKS_SATELLITE_SIGNING_KEY: "/nowhere/key" }],
  ] as const) {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...args], { env, reject: false });
    assert.deepEqual([exitCode, stdout], [1, ""]);
    assert.match(stderr, /^signing-key-missing: there is no key \/nowhere\/key: .*\n {2}--signing-key names/);
  }
  for (const path of [key, `${key}.pub`]) {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [main, "--signing-key", path], {
      reject: false,
    });
    assert.deepEqual([exitCode, stdout], [1, ""]);
    assert.match(
      stderr,
      /^signing-key-unknown: \S+ is none of the valid keys of \S+\/allowed_signers\n {2}No installer/,
    );
  }
});
