// packaging/install.sh --uninstall: out of the cluster first, then the files that the installer placed.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { Machine, type Outcome } from "./install-machine.ts";
import { Mirror, NEW, OLD } from "./install-mirror.ts";

const PLACED = [
  ...["opt/eks-satellite", "opt/eks-satellite.previous"],
  ...["usr/local/bin/eks-satellite", "usr/local/bin/eks-satellite-uninstall"],
];
const UNIT = "etc/systemd/system/eks-satellite.service";
const skip = process.getuid?.() === 0 ? false : "a network namespace takes root";

let mirror: Mirror;
let upgraded: Machine;
before(async () => {
  mirror = await Mirror.start();
  upgraded = await Machine.create();
  const { environment } = mirror;
  const args = ["--cluster", "demo", "--region", "us-west-2", "--credentials-file", upgraded.keysFile()];
  for (const version of [OLD, NEW]) {
    const { exitCode, stderr } = await upgraded.install([...args, "--version", version], { environment });
    assert.equal(exitCode, 0, stderr);
  }
});
after(() => mirror.stop());

function uninstall(machine: Machine, ...args: readonly string[]): Promise<Outcome> {
  return machine.install(["--uninstall", ...args]);
}

test("--uninstall resets the machine and removes every file that was placed, and keeps the configuration", async () => {
  const machine = await upgraded.copy();
  machine.write("var/cache/eks-satellite/x", "");
  machine.write("usr/local/share/zsh/site-functions/_another", "");
  assert.ok(machine.has("usr/local/share/man/man8/eks-satellite.8"));
  const { exitCode, stdout, stderr } = await uninstall(machine, "--yes");
  assert.deepEqual([exitCode, stderr], [0, ""]);
  for (const path of [...PLACED, UNIT, "usr/share/doc/eks-satellite", "var/cache/eks-satellite"]) {
    assert.ok(!machine.has(path), path);
  }
  for (const path of ["man/man8", "man/man5", "bash-completion", "fish", "zsh/site-functions/_eks-satellite"])
    assert.ok(!machine.has(`usr/local/share/${path}`), path);
  assert.ok(machine.has("usr/local/share/zsh/site-functions/_another"), "another program's");
  assert.ok(machine.has("etc/eks-satellite/config.yaml"));
  assert.equal(machine.mode("etc/eks-satellite/credentials"), "0600");
  // No daemon-reload: it takes GPUs from containers.
  assert.deepEqual(machine.calls(), ["reset --dry-run", "reset --yes"]);
  assert.match(stdout, /\neks-satellite is removed$/);
});

test("--purge removes configuration and keys too", async () => {
  const machine = await upgraded.copy();
  assert.equal((await uninstall(machine, "--yes", "--purge")).exitCode, 0);
  assert.ok(!machine.has("etc/eks-satellite"));
  assert.deepEqual(machine.calls(), ["reset --purge --dry-run", "reset --purge --yes"]);
});

test("a reset that leaves something behind keeps the program, so that it can be run again", async () => {
  const machine = await upgraded.copy();
  machine.answer("reset", '[ "$1" != --yes ] || { echo "/var/lib/kubelet is busy" >&2; exit 1; }');
  const { exitCode, stderr } = await uninstall(machine, "--yes");
  assert.equal(exitCode, 1);
  assert.match(stderr, /is busy\n.*leaving the cluster: eks-satellite reset left something behind/);
  for (const path of PLACED) assert.ok(machine.has(path), path);
});

test("a program without reset is stopped and removed", async () => {
  const machine = await upgraded.copy();
  machine.write("usr/local/bin/eks-satellite", "#!/bin/sh\necho usage\n", 0o755);
  const { exitCode, stdout } = await uninstall(machine, "--yes");
  assert.equal(exitCode, 0);
  assert.match(stdout, /what it changed stays, with the originals in .*\/var\/lib\/eks-satellite\n/);
  assert.deepEqual(machine.calls(), ["systemctl disable --quiet --no-reload --now eks-satellite.service"]);
  for (const path of [...PLACED, UNIT]) assert.ok(!machine.has(path), path);
});

test("--dry-run shows what would go and removes nothing", async () => {
  const machine = await upgraded.copy();
  machine.answer("reset", 'echo "node: cordon gpu-1"');
  const before = machine.picture();
  const { exitCode, stdout } = await uninstall(machine, "--dry-run");
  assert.equal(exitCode, 0);
  assert.match(stdout, /^node: cordon gpu-1\nfiles: .*eks-satellite\.previous.*\n.*etc\/eks-satellite stays$/);
  assert.deepEqual([machine.picture(), machine.calls()], [before, ["reset --dry-run"]]);
});

test("a machine where nothing is installed is left alone", async () => {
  const machine = await Machine.create();
  const { exitCode, stdout } = await uninstall(machine, "--yes");
  assert.deepEqual([exitCode, stdout], [0, "eks-satellite is not installed"]);
});

test("an operating system that is no longer supported is no reason to stay", async () => {
  const machine = await upgraded.copy();
  machine.write("etc/os-release", "ID=ubuntu\nVERSION_ID=26.04\n");
  assert.equal((await uninstall(machine, "--yes")).exitCode, 0);
  assert.ok(!machine.has("opt/eks-satellite"));
});

test("without --yes and without a terminal nothing is removed", async () => {
  const machine = await upgraded.copy();
  const before = machine.picture();
  const { exitCode, stderr } = await uninstall(machine);
  assert.equal(exitCode, 1);
  assert.match(stderr, /there is no terminal to ask on\n {2}→ .*--uninstall --yes does it/);
  assert.deepEqual(machine.picture(), before);
});

test("on a terminal it asks first, though the script itself comes through a pipe", async () => {
  const machine = await upgraded.copy();
  const no = await machine.install(["--uninstall"], { typed: "n\n" });
  assert.equal(no.exitCode, 1, no.stdout);
  assert.match(no.stdout, /Remove all of this\? \[y\/N\] [\s\S]*not confirmed; nothing was changed/);
  assert.ok(machine.has("opt/eks-satellite"));
  const yes = await machine.install(["--uninstall"], { typed: "y\n" });
  assert.equal(yes.exitCode, 0, yes.stdout);
  assert.ok(!machine.has("opt/eks-satellite"));
});

test("what the release left on the machine uninstalls and purges it without any network", { skip }, async () => {
  const machine = await upgraded.copy();
  const reached = `${machine.root}/reached`;
  machine.answer(
    "reset",
    `bash -c ': </dev/tcp/127.0.0.1/${new URL(mirror.url).port}' 2>/dev/null && touch ${reached}; :`,
  );
  assert.equal((await uninstall(machine, "--dry-run")).exitCode, 0);
  assert.ok(machine.has("reached"), "with a network the mirror is reached");
  rmSync(reached);
  machine.calls();

  const requests = mirror.requests.length;
  const shown = await machine.install(["--dry-run"], { isOffline: true });
  assert.match(shown.stdout, /^files: .*\/usr\/local\/bin\/eks-satellite-uninstall, /m);
  for (const path of PLACED) assert.ok(machine.has(path), path);
  const { exitCode, stdout, stderr } = await machine.install(["--yes", "--purge"], { isOffline: true });
  assert.deepEqual([exitCode, stderr], [0, ""]);
  for (const path of [...PLACED, UNIT, "etc/eks-satellite", "reached"]) assert.ok(!machine.has(path), path);
  assert.deepEqual(machine.calls(), ["reset --dry-run", "reset --purge --dry-run", "reset --purge --yes"]);
  assert.equal(mirror.requests.length, requests);
  assert.match(stdout, /\neks-satellite is removed$/);
});

test("it asks first, and its help and its errors are its own", { skip }, async () => {
  const machine = await upgraded.copy();
  const asked = await machine.install([], { isOffline: true });
  assert.equal(asked.exitCode, 1);
  assert.match(asked.stderr, /^ERROR eks-satellite-uninstall: uninstalling: there is no terminal to ask on\n/);
  const help = await machine.install(["--help"], { isOffline: true });
  assert.match(help.stdout, /^usage: eks-satellite-uninstall \[options\]\n/);
  assert.ok(!help.stdout.includes("--cluster"));
  const wrong = await machine.install(["--purg"], { isOffline: true });
  assert.equal(wrong.exitCode, 64);
  assert.match(
    wrong.stderr,
    /there is no option --purg\n {2}→ did you mean --purge\? eks-satellite-uninstall --help lists/,
  );
  for (const path of PLACED) assert.ok(machine.has(path), path);
});

test("what is left of a removal by hand is removed, too", async () => {
  const machine = await upgraded.copy();
  for (const path of [...PLACED.slice(0, 3), UNIT]) rmSync(`${machine.root}/${path}`, { recursive: true });
  assert.equal((await uninstall(machine, "--yes")).exitCode, 0);
  assert.ok(!machine.has("usr/local/bin/eks-satellite-uninstall"));
});

test("what came as a Debian package goes as one", async () => {
  const machine = await upgraded.copy();
  machine.command("dpkg-query", "echo 'install ok installed'");
  const { exitCode, stderr } = await uninstall(machine, "--yes");
  assert.equal(exitCode, 1);
  assert.match(stderr, /is installed as a Debian package\n {2}→ apt-get purge eks-satellite$/);
  for (const path of PLACED) assert.ok(machine.has(path), path);
});
