// packaging/install.sh as a user runs it: the first install, the second, an upgrade, and waiting.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { KEYS, Machine } from "./install-machine.ts";
import { NEW, OLD, tarballName } from "./install-mirror.ts";

import { CLUSTER, enforcedConfig, install, installed, mirror, ROLE } from "./install-runner.ts";

const UNIT = "etc/systemd/system/eks-satellite.service";
const MODES: Readonly<Record<string, string>> = {
  "etc/eks-satellite/config.yaml": "0644",
  "etc/eks-satellite/credentials": "0600",
  [UNIT]: "0644",
  "opt/eks-satellite/bin/node": "0755",
  "opt/eks-satellite/lib/eks-satellite-admin.mjs": "0644",
  "opt/eks-satellite/lib/eks-satellite-commands.mjs": "0644",
  "opt/eks-satellite/lib/eks-satellite-daemon.mjs": "0644",
  "opt/eks-satellite/lib/eks-satellite-kubernetes.mjs": "0644",
  "opt/eks-satellite/lib/eks-satellite.mjs": "0644",
  "opt/eks-satellite/lib/eks-satellite.mjs.map": "0644",
  "opt/eks-satellite/release-keys/allowed_signers": "0644",
  "usr/local/bin/eks-satellite": "0755",
  "usr/local/bin/eks-satellite-uninstall": "0755",
  "usr/local/share/bash-completion/completions/eks-satellite": "0644",
  "usr/local/share/man/man8/eks-satellite-check.8": "0644",
  "usr/share/doc/eks-satellite/config.example.yaml": "0644",
  "usr/share/doc/eks-satellite/config.schema.json": "0644",
  "usr/share/doc/eks-satellite/install.sh": "0644",
};

/** Named in one line for all. */
const SHELL_FILES = "completions and manual pages in ";
const isShared = (path: string) => path.startsWith("usr/local/share/");

test("a first install takes the latest release, places files with their modes, starts the service, and ends with the status", async () => {
  const machine = await Machine.create();
  const args = [...CLUSTER, "--node-name=gpu-1", "--role-arn", ROLE, "--credentials-file", machine.keysFile()];
  const { exitCode, stdout, stderr } = await install(machine, args);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  for (const [path, mode] of Object.entries(MODES)) assert.equal(machine.mode(path), mode, path);
  assert.equal(machine.read("etc/eks-satellite/credentials"), KEYS);
  assert.deepEqual(enforcedConfig(machine), {
    cluster: { name: "demo", region: "us-west-2" },
    node: { name: "gpu-1" },
    credentials: { keysFile: "/etc/eks-satellite/credentials", assumeRole: { arn: ROLE } },
  });
  assert.deepEqual(machine.calls(), [
    "systemctl enable --quiet --no-reload eks-satellite.service",
    "systemctl start eks-satellite.service",
    "status",
  ]);
  assert.match(stdout, new RegExp(`\ninstall eks-satellite ${NEW.replaceAll(".", "\\.")}\n`));
  assert.match(stdout, /\n● ready Node gpu-1 is Ready\nThe log: journalctl -u eks-satellite -f$/);
  assert.ok(!machine.has("opt/eks-satellite.previous"));
});

test("a second run writes nothing and restarts nothing", async () => {
  const machine = await installed();
  const before = machine.picture();
  const args = [...CLUSTER, "--version", OLD, "--credentials-file", machine.keysFile()];
  const { exitCode, stdout } = await install(machine, args);
  assert.equal(exitCode, 0);
  assert.match(stdout, /eks-satellite 1\.0\.0 is installed, and nothing differs/);
  // The release is unpacked in /opt, to be compared, and removed again.
  assert.deepEqual({ ...machine.picture(), opt: "" }, { ...before, opt: "" });
  assert.deepEqual(machine.calls(), ["status"]);
});

test("--dry-run prints every change and touches nothing, on a new machine and before an upgrade", async () => {
  const fresh = await Machine.create();
  const empty = fresh.picture();
  const environment = { NO_PROXY: "127.0.0.1" };
  const args = [...CLUSTER, "--dry-run", "--credentials-file", fresh.keysFile()];
  const first = await install(fresh, args, { environment });
  assert.equal(first.exitCode, 0, first.stderr);
  for (const path of Object.keys(MODES).filter((path) => !path.endsWith("config.yaml"))) {
    assert.ok(first.stdout.includes(`would write ${isShared(path) ? SHELL_FILES : join(fresh.root, path)}`), path);
  }
  assert.match(first.stdout, /would set .*config\.yaml: cluster\.name: demo\n/);
  assert.match(first.stdout, /would set NO_PROXY in .*environment\n/);
  assert.match(first.stdout, /would start or restart eks-satellite\.service$/);
  assert.deepEqual(fresh.picture(), empty);

  const machine = await installed();
  const before = machine.picture();
  const second = await install(machine, ["--dry-run"]);
  assert.match(second.stdout, /would replace eks-satellite 1\.0\.0 by 1\.1\.0/);
  assert.deepEqual([machine.picture(), machine.calls()], [before, []]);
});

test("--skip-start neither enables nor starts, needs no systemd and no keys, and the next run starts the service", async () => {
  const machine = await Machine.create();
  rmSync(join(machine.root, "run/systemd"), { recursive: true });
  const { exitCode, stdout } = await install(machine, [...CLUSTER, "--skip-start"]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /systemctl enable --now eks-satellite\.service$/);
  assert.ok(machine.has("usr/local/bin/eks-satellite"));
  assert.deepEqual(machine.calls(), []);
  mkdirSync(join(machine.root, "run/systemd/system"), { recursive: true });
  await install(machine, []);
  assert.ok(machine.calls().includes("systemctl start eks-satellite.service"));
});

test("an upgrade that was not started is made up for by the next run, though no file differs then", async () => {
  const machine = await installed();
  await install(machine, ["--version", NEW, "--skip-start"]);
  assert.deepEqual(machine.calls(), []);
  await install(machine, ["--version", NEW]);
  assert.deepEqual(machine.calls(), ["systemctl daemon-reload", "systemctl restart eks-satellite.service", "status"]);
  await install(machine, ["--version", NEW]);
  assert.deepEqual(machine.calls(), ["status"]);
});

test("a node that is not Ready in time ends with exit 2, the status and what to do", async () => {
  const machine = await Machine.create();
  machine.answer("status", 'echo "✗ not ready: ApiUnauthorized"; exit 1');
  const args = [...CLUSTER, "--wait", "4", "--credentials-file", machine.keysFile()];
  const { exitCode, stdout, stderr } = await install(machine, args);
  assert.equal(exitCode, 2);
  assert.match(stdout, /waiting, [1-4] s left: ✗ not ready: ApiUnauthorized\n/);
  assert.match(stdout, /\n✗ not ready: ApiUnauthorized\nThe log: journalctl/);
  assert.match(stderr, /waiting until the node is Ready: it is not Ready after 4 s; .*\n {2}→ eks-satellite check/);
  assert.ok(machine.has("opt/eks-satellite/bin/node"), "it stays installed");
});

test("waiting goes on until the node is Ready, and --wait 0 does not wait", async () => {
  const machine = await Machine.create();
  machine.answer(
    "status",
    `n=${machine.root}/../state/asked; echo >> $n; [ "$(wc -l < $n)" -ge 3 ] || { echo not yet; exit 3; }; echo ready`,
  );
  const args = [...CLUSTER, "--credentials-file", machine.keysFile()];
  const { exitCode, stdout } = await install(machine, args);
  assert.equal(exitCode, 0);
  assert.match(stdout, /s left: not yet\nready\nThe log/);
  machine.answer("status", "echo not yet; exit 1");
  machine.calls();
  assert.equal((await install(machine, ["--wait", "0"])).exitCode, 0);
  assert.deepEqual(machine.calls(), ["status"]);
});

test("a release from a file installs without a network", async () => {
  const machine = await Machine.create();
  const file = join(mirror.folder, "download", `v${OLD}`, tarballName(OLD));
  assert.ok(existsSync(file));
  mirror.requests.length = 0;
  const args = [...CLUSTER, "--from", file, "--credentials-file", machine.keysFile()];
  const { exitCode, stderr } = await install(machine, args);
  assert.deepEqual([exitCode, stderr, mirror.requests], [0, "", []]);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.0\.0/);
});
