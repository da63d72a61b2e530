// The apt repository, in the eyes of a real apt and dpkg that install from it over HTTP.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { execa } from "execa";
import type { AptRoot } from "../../scripts/release/apt/apt-root.ts";
import { writeIndexes } from "../../scripts/release/apt/indexes.ts";
import { readPool } from "../../scripts/release/apt/pool.ts";
import { makeThrowAwayKey, signRelease, type ThrowAwayKey } from "../../scripts/release/apt/signature.ts";
import { ARCHITECTURE, ARCHITECTURES, installedVersion, Repository } from "./apt-repository.ts";
import { TOP } from "./sample-release.ts";

const skip = process.getuid?.() === 0 ? false : "dpkg sets the owners of files, which takes root";
const INSTALL = ["install", "eks-satellite"];

let signer: ThrowAwayKey;
let repository: Repository;
before(async () => {
  signer = await makeThrowAwayKey();
});
after(() => signer[Symbol.asyncDispose]());
afterEach(() => repository.stop());

/** The file of preferences that the page proposes, the one that begins so. */
function documentedPin(beginning: string): string {
  const page = readFileSync(join(TOP, "docs/how-to/install-by-apt.md"), "utf8");
  const block = new RegExp(`\`\`\`text\n *(${beginning}[^\`]*)\`\`\``).exec(page);
  return block?.[1] ?? assert.fail("the page has no such block");
}

/** A repository with packages of these versions. */
async function publish(...versions: readonly string[]): Promise<Repository> {
  repository = await Repository.start();
  await repository.publish(signer, ...versions);
  return repository;
}

test("apt installs the newest release, by compressed indexes under their sums", { skip }, async () => {
  const machine = await (await publish("1.9.0", "1.10.0")).machine();
  await machine.run("apt-get", ["update"]);
  await machine.run("apt-get", INSTALL);
  assert.equal(await installedVersion(machine), "1.10.0");
  const { stdout } = await execa(join(machine.folder, "opt/eks-satellite/bin/node"));
  assert.equal(stdout, "1.10.0");
  const index = `/dists/stable/main/binary-${ARCHITECTURE}/by-hash/SHA256/`;
  assert.deepEqual(
    repository.requests.map((path) => path.replace(/[0-9a-f]{64}$/, "…")),
    ["/dists/stable/InRelease", `${index}…`, `/pool/main/e/eks-satellite/eks-satellite_1.10.0_${ARCHITECTURE}.deb`],
  );
});

test("a newer release is an upgrade, unless the package is held or its version is pinned", { skip }, async () => {
  await publish("1.0.0");
  const [free, held, pinned] = [await repository.machine(), await repository.machine(), await repository.machine()];
  for (const machine of [free, held, pinned]) {
    await machine.run("apt-get", ["update"]);
    await machine.run("apt-get", INSTALL);
  }
  await held.run("apt-mark", ["hold", "eks-satellite"]);
  const pin = documentedPin("Package: eks-satellite\n *Pin: version").replace("1.2.*", "1.0.*").replaceAll(/^ +/gm, "");
  const others = documentedPin("Package: \\*\n").split("\n\n")[0];
  writeFileSync(join(pinned.folder, "etc/apt/preferences.d/eks-satellite"), `${others}\n\n${pin}`);
  await repository.publish(signer, "1.0.1", "1.1.0");
  for (const [machine, version] of [
    [free, "1.1.0"],
    [held, "1.0.0"],
    [pinned, "1.0.1"],
  ] as const) {
    await machine.run("apt-get", ["update"]);
    await machine.run("apt-get", ["upgrade"]);
    assert.equal(await installedVersion(machine), version);
  }
});

test("an older release is not installed over a newer one", { skip }, async () => {
  const machine = await (await publish("1.0.0", "1.1.0")).machine();
  await machine.run("apt-get", ["update"]);
  await machine.run("apt-get", INSTALL);
  await assert.rejects(machine.run("apt-get", ["install", "eks-satellite=1.0.0"]), /downgraded/);
  assert.equal(await installedVersion(machine), "1.1.0");
  await machine.run("apt-get", ["install", "--allow-downgrades", "eks-satellite=1.0.0"]);
  assert.equal(await installedVersion(machine), "1.0.0");
});

test("a release candidate is in the suite of candidates alone, and its release replaces it", { skip }, async () => {
  await publish("1.0.0", "1.1.0-rc.1");
  const [stable, candidate] = [await repository.machine(), await repository.machine({ suite: "candidate" })];
  for (const machine of [stable, candidate]) {
    await machine.run("apt-get", ["update"]);
    await machine.run("apt-get", INSTALL);
  }
  assert.equal(await installedVersion(stable), "1.0.0");
  assert.equal(await installedVersion(candidate), "1.1.0~rc.1");
  await repository.publish(signer, "1.1.0");
  await candidate.run("apt-get", ["update"]);
  await candidate.run("apt-get", ["upgrade"]);
  assert.equal(await installedVersion(candidate), "1.1.0");
});

test("apt finds nothing for a processor without a package, and says so", async () => {
  const architecture = ARCHITECTURE === "arm64" ? "amd64" : "arm64";
  const machine = await (await publish("1.0.0")).machine({ architecture });
  await machine.run("apt-get", ["update"]);
  await assert.rejects(machine.run("apt-get", ["download", "eks-satellite"]), /Unable to locate package eks-satellite/);
});

/** Changes one letter of a file, not its length. */
function tamper(path: string, from: string, to: string): void {
  const text = readFileSync(path, "latin1");
  assert.ok(text.includes(from), path);
  writeFileSync(path, text.replace(from, to), "latin1");
}

test("an index that was changed is refused, and so is a release file that was changed with it", async () => {
  const machine = await (await publish("1.0.0")).machine();
  const folder = repository.path(`dists/stable/main/binary-${ARCHITECTURE}`);
  const release = repository.path("dists/stable/Release");
  const sums = readFileSync(release, "utf8").matchAll(
    new RegExp(`^ (\\S+) \\d+ main/binary-${ARCHITECTURE}/Packages`, "gm"),
  );
  for (const [, sum = ""] of sums) {
    const path = join(folder, "by-hash/SHA256", sum);
    const content = readFileSync(path);
    content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
    writeFileSync(path, content);
  }
  await assert.rejects(machine.run("apt-get", ["update"]), /Some index files failed to download|Failed to fetch/);
  assert.equal((await machine.run("apt-cache", ["policy", "eks-satellite"])).includes("Candidate: 1.0.0"), false);
  tamper(repository.path("dists/stable/InRelease"), "Origin: eks", "Origin: EKS");
  await assert.rejects(machine.run("apt-get", ["update"]), /is not signed|BADSIG|invalid/);
});

test("a package that was changed is refused before anything of it is installed", { skip }, async () => {
  const machine = await (await publish("1.0.0")).machine();
  await machine.run("apt-get", ["update"]);
  const path = repository.path(`pool/main/e/eks-satellite/eks-satellite_1.0.0_${ARCHITECTURE}.deb`);
  const content = readFileSync(path);
  content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
  writeFileSync(path, content);
  await assert.rejects(machine.run("apt-get", INSTALL), /Hash Sum mismatch|Unable to fetch some archives/);
  assert.equal(await installedVersion(machine), undefined);
});

test("a repository that another key signs, or none, is refused", async () => {
  await using other = await makeThrowAwayKey();
  await publish("1.0.0");
  const machine = await repository.machine();
  await repository.publish(other);
  await assert.rejects(machine.run("apt-get", ["update"]), /is not signed|NO_PUBKEY/);
  for (const name of ["InRelease", "Release.gpg"]) await execa("rm", [repository.path(`dists/stable/${name}`)]);
  await assert.rejects(machine.run("apt-get", ["update"]), /is not signed/);
});

test("while keys change over, both sign: a machine with either takes it, and one with the old key alone takes nothing later", async () => {
  await using next = await makeThrowAwayKey();
  await publish("1.0.0");
  const machine = await repository.machine();
  const both = { home: signer.home ?? "", keys: [...signer.keys, ...next.keys] };
  await execa("sh", [
    "-c",
    'gpg --homedir "$0" --batch --export-secret-keys | gpg --homedir "$1" --batch --import',
    next.home ?? "",
    both.home,
  ]);
  await repository.publish(both, "1.1.0");
  await machine.run("apt-get", ["update"]);
  const changed = await repository.machine();
  await changed.run("apt-get", ["update"]);
  await repository.publish(next, "1.2.0");
  await changed.run("apt-get", ["update"]);
  const candidate = async (root: AptRoot) =>
    /Candidate: (\S+)/.exec(await root.run("apt-cache", ["policy", "eks-satellite"]))?.[1];
  assert.equal(await candidate(changed), "1.2.0");
  await assert.rejects(machine.run("apt-get", ["update"]), /Some index files failed to download/);
  assert.equal(await candidate(machine), "1.1.0");
});

/** Lets the repository offer a C library that is newer than the machine's. */
async function offerLibrary(): Promise<void> {
  const paragraph = `Package: libc6\nVersion: 9.9\nArchitecture: ${ARCHITECTURE}\nFilename: pool/x.deb\nSize: 1\nSHA256: ${"0".repeat(64)}\n`;
  const packages = [...(await readPool(repository.folder)), { version: "9.9", architecture: ARCHITECTURE, paragraph }];
  const folder = repository.path("dists/stable");
  const suite = { name: "stable", description: "x", packages, architectures: ARCHITECTURES, timeSeconds: 1 } as const;
  writeFileSync(join(folder, "Release"), await writeIndexes(folder, suite));
  await signRelease(folder, signer);
}

test("with the documented pin the repository can replace nothing of a machine but eks-satellite", {
  skip,
}, async () => {
  const machine = await (await publish("1.0.0")).machine();
  await offerLibrary();
  await machine.run("apt-get", ["update"]);
  const candidate = async () => /Candidate: (\S+)/.exec(await machine.run("apt-cache", ["policy", "libc6"]))?.[1];
  assert.equal(await candidate(), "9.9");
  writeFileSync(join(machine.folder, "etc/apt/preferences.d/eks-satellite"), documentedPin("Package: \\*\n"));
  assert.equal(await candidate(), "2.36");
  await machine.run("apt-get", INSTALL);
  assert.equal(await installedVersion(machine), "1.0.0");
});
