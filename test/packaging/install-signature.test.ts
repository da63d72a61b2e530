// Who must have signed what packaging/install.sh installs: real keys, real ssh-keygen.
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { before, test } from "node:test";
import { execa } from "execa";
import { makeTrialSigning, renderSigner, type Signing, signChecksums } from "../../scripts/release/signing.ts";
import { listKeys, renderInstaller } from "../../scripts/render-release-keys.ts";
import { install, mirror, publishedSum, refused, SIGNATURE, SUMS, TARBALL } from "./install-fresh.ts";
import { Machine, SCRIPT } from "./install-machine.ts";
import { NEW, OLD, tarballName } from "./install-mirror.ts";
import { installed, install as installFrom } from "./install-runner.ts";
import { scratchFolder } from "./sample-release.ts";

const SIGNERS = "opt/eks-satellite/release-keys/allowed_signers";
/** None is given, so that those of the installed version or of the script are taken. */
const NOT_GIVEN = { EKS_SATELLITE_ALLOWED_SIGNERS: "" };

let folder: string;
let other: Signing;
before(async () => {
  folder = await scratchFolder();
  other = await makeTrialSigning(folder);
});

const send =
  (content: string): RequestListener =>
  (_, response) =>
    void response.end(content);
const published = (path: string) => readFileSync(join(mirror.folder, path), "utf8");
const listOf = ({ allowedSigners }: Signing) => readFileSync(allowedSigners, "utf8");
/** An installer that came with the keys of these. */
const scriptOf = (signing: Signing) => renderInstaller(readFileSync(SCRIPT, "utf8"), listKeys(listOf(signing)));

/** A list that limits the mirror's key. */
function limited(...limits: readonly string[]): { EKS_SATELLITE_ALLOWED_SIGNERS: string } {
  const file = join(folder, "limited");
  writeFileSync(file, renderSigner(readFileSync(`${mirror.signing.keys[0]}.pub`, "utf8"), limits));
  return { EKS_SATELLITE_ALLOWED_SIGNERS: file };
}

/** Runs it where it must refuse before it downloads what it would install. */
async function refuses(says: RegExp, environment: Readonly<Record<string, string>> = {}): Promise<void> {
  mirror.requests.length = 0;
  const { stderr } = await refused(undefined, { environment });
  assert.match(stderr, says);
  assert.ok(!mirror.requests.includes(TARBALL));
}

test("a release is installed when a known key has signed it, and the log says which", async () => {
  const machine = await Machine.create();
  const { exitCode, stdout } = await install(machine);
  assert.equal(exitCode, 0);
  const [, shown = ""] =
    /SHA256SUMS is signed by (ED25519 key SHA256:\S{43}), which is among the keys of /.exec(stdout) ?? [];
  const { stdout: fingerprint } = await execa("ssh-keygen", ["-l", "-f", `${mirror.signing.keys[0]}.pub`]);
  assert.ok(fingerprint.includes(shown.replace("ED25519 key ", "")), `${shown}: ${fingerprint}`);
  assert.deepEqual(mirror.requests, [SUMS, SIGNATURE, TARBALL]);
});

test("a release that is not signed is refused, with what else can be done", async () => {
  mirror.faults.set(SIGNATURE, (_, response) => void response.writeHead(404).end());
  await refuses(
    /downloading SHA256SUMS\.sig: the server answered 404\n {2}URL: .*\.sig\n {2}→ this release is not signed: --sha256 SUM .*--allow-unsigned/,
  );
});

test("a page, half of a signature, and one of other sums are refused", async () => {
  mirror.faults.set(SIGNATURE, send("<html>Welcome to the hotel</html>\n"));
  await refuses(
    /verifying the signature: this is no signature; its first line is: <html>Welcome to the hotel<\/html>\n/,
  );
  mirror.faults.set(SIGNATURE, send(published(SIGNATURE).slice(0, 120)));
  await refuses(/it is no signature of this SHA256SUMS: .*; nothing was changed\n {2}URL: .*\n {2}→ one of the two/);
  mirror.faults.set(SIGNATURE, send(published(`/download/v${NEW}/SHA256SUMS.sig`)));
  await refuses(/it is no signature of this SHA256SUMS: .*; nothing was changed\n {2}URL: .*\n {2}→ one of the two/);
});

test("sums that were changed on their way are refused, though the tarball has them", async () => {
  mirror.faults.set(SUMS, send(published(SUMS).replace(/^[0-9a-f]{64}/gm, "0".repeat(64))));
  await refuses(/it is no signature of this SHA256SUMS: /);
});

test("a signature by a key that is not known is refused with the key, also beside unreadable ones", async () => {
  const foreign = await signChecksums(published(SUMS), other, folder);
  const { stdout } = await execa("ssh-keygen", ["-l", "-f", `${other.keys[0]}.pub`]);
  const fingerprint = stdout.split(" ")[1]?.replaceAll("+", "\\+");
  const says = `it is by ED25519 key ${fingerprint}, which is none of the keys of .*; nothing was changed\n .*\n {2}→ .*--allowed-signers FILE`;
  mirror.faults.set(SIGNATURE, send(foreign));
  await refuses(new RegExp(says));
  mirror.faults.set(
    SIGNATURE,
    send("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n".repeat(20) + foreign),
  );
  await refuses(/it is no signature of this SHA256SUMS/);
});

test("a known key that signed for another purpose is refused", async () => {
  const file = join(folder, "SHA256SUMS");
  writeFileSync(file, published(SUMS));
  await execa("ssh-keygen", ["-Y", "sign", "-f", mirror.signing.keys[0] ?? "", "-n", "git", file]);
  mirror.faults.set(SIGNATURE, send(readFileSync(`${file}.sig`, "utf8")));
  await refuses(/it is no signature of this SHA256SUMS/);
});

test("a key is known within its time alone, by an ssh-keygen that knows no times", async () => {
  const machine = await Machine.create();
  // OpenSSH 8.2 of Ubuntu 20.04 refuses the whole list.
  machine.command(
    "ssh-keygen",
    `for word; do [ ! -f "$word" ] || ! grep -q valid- "$word" || exit 255; done; exec /usr/bin/ssh-keygen "$@"`,
  );
  const environment = limited('valid-after="20200101"', 'valid-before="29990101120000"');
  const { exitCode, stderr } = await install(machine, undefined, { environment });
  assert.deepEqual([exitCode, stderr], [0, ""]);
  const says =
    /it is by ED25519 key SHA256:\S+, which the keys of \S+ limit to another time than 20\d\d-\d\d-\d\d; nothing was changed/;
  await refuses(says, limited('valid-before="20250101"'));
  await refuses(says, limited('valid-after="29990101"'));
});

test("the script's own keys are taken where nothing is installed, and a script without any says so", async () => {
  const machine = await Machine.create();
  const options = { environment: NOT_GIVEN, script: scriptOf(mirror.signing) };
  const { exitCode, stdout } = await install(machine, undefined, options);
  assert.equal(exitCode, 0);
  assert.match(stdout, /is among the keys of this install\.sh\n/);
  const script = renderInstaller(readFileSync(SCRIPT, "utf8"), []);
  const { stderr } = await refused(undefined, { environment: NOT_GIVEN, script });
  assert.match(
    stderr,
    /this install\.sh knows no key that signs releases\n {2}→ --allowed-signers FILE .*--sha256 SUM/,
  );
});

test("an upgrade goes by the keys of the installed version: a newer script's keys do not count", async () => {
  const machine = await installed();
  machine.write(SIGNERS, listOf(other));
  const before = machine.picture();
  const options = { environment: NOT_GIVEN, script: scriptOf(mirror.signing) };
  const { exitCode, stderr } = await installFrom(machine, ["--version", NEW], options);
  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /is none of the keys of the installed version \(.*release-keys\/allowed_signers\); nothing was changed/,
  );
  assert.deepEqual({ ...machine.picture(), opt: "" }, { ...before, opt: "" });

  machine.write(SIGNERS, listOf(mirror.signing));
  const trusted = await installFrom(machine, ["--version", NEW], { environment: NOT_GIVEN, script: scriptOf(other) });
  assert.equal(trusted.exitCode, 0, trusted.stderr);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.1\.0/);
});

test("the script that an installation leaves upgrades by what is on the machine alone", async () => {
  const machine = await installed();
  const options = { environment: NOT_GIVEN, script: machine.read("usr/share/doc/eks-satellite/install.sh") };
  machine.write(SIGNERS, listOf(other));
  const { stderr } = await installFrom(machine, [], options);
  assert.match(stderr, /is none of the keys of the installed version/);
  machine.write(SIGNERS, listOf(mirror.signing));
  assert.equal((await installFrom(machine, [], options)).exitCode, 0);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.1\.0/);
});

test("a version of before the first key, and one that a power cut left in its other place, have no say, and all of it", async () => {
  const machine = await installed();
  machine.write(SIGNERS, "# no key yet\n");
  const options = { environment: NOT_GIVEN, script: scriptOf(mirror.signing) };
  assert.equal((await installFrom(machine, ["--version", OLD], options)).exitCode, 0);
  const cut = await Machine.create();
  cut.write(`opt/eks-satellite.previous/${SIGNERS}`, listOf(other));
  const { stderr } = await install(cut, undefined, options);
  assert.match(stderr, /is none of the keys of the installed version \(.*eks-satellite\.previous\/opt/);
});

test("while keys change, a release that both have signed is taken by those who know either", async () => {
  const both = `${published(SIGNATURE)}${await signChecksums(published(SUMS), other, folder)}`;
  mirror.faults.set(SIGNATURE, send(both));
  for (const { allowedSigners } of [mirror.signing, other]) {
    const environment = { EKS_SATELLITE_ALLOWED_SIGNERS: allowedSigners };
    const { exitCode, stderr } = await install(await Machine.create(), undefined, { environment });
    assert.deepEqual([exitCode, stderr], [0, ""]);
  }
});

test("--allow-unsigned asks for no signature and says so, --allowed-signers wants a file", async () => {
  const { exitCode, stdout } = await install(await Machine.create(), ["--version", OLD, "--allow-unsigned"]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /\n! --allow-unsigned: the signature of SHA256SUMS is not verified\n/);
  assert.deepEqual(mirror.requests, [SUMS, TARBALL]);
  const { stderr } = await refused(["--version", OLD, "--allowed-signers", "/nowhere"]);
  assert.match(stderr, /--allowed-signers \/nowhere: there is no such file\n/);
});

test("without ssh-keygen, or with one that verifies nothing, the error names what to install, and a sum needs none", async () => {
  const machine = await Machine.create();
  machine.hide("ssh-keygen");
  assert.match(
    (await install(machine)).stderr,
    /there is no ssh-keygen, which verifies it\n {2}→ apt-get install openssh-client; --sha256 SUM/,
  );
  assert.equal((await install(machine, ["--version", OLD, "--sha256", publishedSum()])).exitCode, 0);
  const aged = await Machine.create();
  aged.command("ssh-keygen", 'echo "unknown option -- Y" >&2; exit 1');
  assert.match(
    (await install(aged)).stderr,
    /ssh-keygen is older than OpenSSH 8\.1, and verifies no signatures\n {2}→ upgrade/,
  );
});

test("--from FILE needs SHA256SUMS.sig beside SHA256SUMS", async () => {
  const place = await scratchFolder();
  const file = join(place, tarballName(OLD));
  copyFileSync(join(mirror.folder, TARBALL), file);
  writeFileSync(join(place, "SHA256SUMS"), published(SUMS));
  const { stderr } = await refused(["--from", file]);
  assert.match(
    stderr,
    /reading SHA256SUMS\.sig: there is no file .*SHA256SUMS\.sig\n {2}→ this release is not signed: --sha256/,
  );
  writeFileSync(join(place, "SHA256SUMS.sig"), published(SIGNATURE));
  assert.equal((await install(await Machine.create(), ["--from", file])).exitCode, 0);
});
