// packaging/install.sh over an installed version: upgrades, what happens when one fails, repairs, and older releases.
import assert from "node:assert/strict";
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { KEYS } from "./install-machine.ts";
import { NEW, OLD, tarballName } from "./install-mirror.ts";

import { install, installed, mirror } from "./install-runner.ts";

const UNIT = "etc/systemd/system/eks-satellite.service";

test("an upgrade needs no arguments: configuration and keys stay, the service is restarted once, the earlier version is kept", async () => {
  const machine = await installed();
  const own = "# mine\nnode: { labels: { example.com/rack: r7 } }\n";
  const config = machine.read("etc/eks-satellite/config.yaml") + own;
  machine.write("etc/eks-satellite/config.yaml", config);
  const { exitCode, stdout } = await install(machine, []);
  assert.equal(exitCode, 0);
  assert.match(stdout, /replace eks-satellite 1\.0\.0 by 1\.1\.0/);
  assert.equal(machine.read("etc/eks-satellite/config.yaml"), config);
  assert.equal(machine.read("etc/eks-satellite/credentials"), KEYS);
  // The unit of the newer release differs, so systemd has to read it: once.
  assert.deepEqual(machine.calls(), ["systemctl daemon-reload", "systemctl restart eks-satellite.service", "status"]);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.1\.0/);
  assert.match(machine.read("opt/eks-satellite.previous/opt/eks-satellite/bin/node"), /1\.0\.0/);
  assert.ok(machine.has("opt/eks-satellite.previous/usr/local/bin/eks-satellite"));
});

test("an upgrade goes no further than the disk keeps: without its content no name is given to the release", async () => {
  const machine = await installed();
  machine.command("sync", "exit 1");
  const { exitCode, stderr } = await install(machine, ["--version", NEW]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /exit code 1 of: .*sync/);
  assert.match(machine.calls()[0] ?? "", /^sync -- .*\/opt\/eks-satellite\/bin\/node/);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.0\.0/);
});

test("an upgraded service that does not start gets its earlier version back", async () => {
  const machine = await installed();
  const unit = machine.read(UNIT);
  machine.breakNextStart();
  const { exitCode, stderr } = await install(machine, ["--version", NEW]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /systemctl restart eks-satellite\.service failed\n {2}→ .*journalctl/);
  assert.match(stderr, /restoring eks-satellite 1\.0\.0/);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.0\.0/);
  assert.equal(machine.read(UNIT), unit);
  assert.ok(!machine.has("opt/eks-satellite.previous"));
  assert.deepEqual(
    machine.calls().filter((call) => call.includes("restart")),
    Array(2).fill("systemctl restart eks-satellite.service"),
  );
});

test("an upgrade that breaks off while it places files gets its earlier version back, and the service goes on", async () => {
  const machine = await installed();
  const files = [UNIT, "usr/local/bin/eks-satellite", "opt/eks-satellite/bin/node"];
  const before = files.map((path) => machine.read(path));
  // The disk is full once, after the program and before the unit's last step.
  const broken = `${machine.root}/../state/broken-install`;
  machine.command(
    "install",
    `case "$*" in *.service.new) [ -e ${broken} ] || { touch ${broken}; exit 1; } ;; esac
exec /usr/bin/install "$@"`,
  );
  const { exitCode, stderr } = await install(machine, ["--version", NEW]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /installing eks-satellite 1\.1\.0: exit code 1 of: install -m /);
  assert.deepEqual(
    files.map((path) => machine.read(path)),
    before,
  );
  assert.ok(machine.calls().includes("systemctl restart eks-satellite.service"));
  machine.command("install", 'exec /usr/bin/install "$@"');
  assert.equal((await install(machine, ["--version", NEW])).exitCode, 0);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.1\.0/);
});

test("a release without a changed unit never reloads systemd: that takes GPUs from containers", async () => {
  const machine = await installed();
  machine.write("opt/eks-satellite/lib/eks-satellite.mjs", "broken");
  const { exitCode, stdout } = await install(machine, ["--version", OLD]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /repair eks-satellite 1\.0\.0\n {2}write .*lib\/eks-satellite\.mjs\n/);
  assert.deepEqual(machine.calls(), ["systemctl restart eks-satellite.service", "status"]);
});

test("an older release than the installed one is taken only when that is asked for, however it was named", async () => {
  const machine = await installed();
  assert.equal((await install(machine, ["--version", NEW])).exitCode, 0);
  mirror.faults.set("/latest", (_, response) => void response.end(`${OLD}\n`));
  const file = join(mirror.folder, "download", `v${OLD}`, tarballName(OLD));
  const before = machine.picture();
  for (const args of [[], ["--version", OLD], ["--from", file]]) {
    const { exitCode, stderr } = await install(machine, args);
    assert.equal(exitCode, 1);
    assert.match(
      stderr,
      /eks-satellite 1\.1\.0 is installed, and this is 1\.0\.0, an older one\n {2}→ --allow-downgrade installs it/,
    );
    assert.deepEqual({ ...machine.picture(), opt: "" }, { ...before, opt: "" });
  }
  mirror.faults.clear();
  assert.equal((await install(machine, ["--version", OLD, "--allow-downgrade"])).exitCode, 0);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.0\.0/);
});

test("documentation alone is written without a restart", async () => {
  const machine = await installed();
  machine.write("usr/share/doc/eks-satellite/README.md", "old");
  assert.equal((await install(machine, ["--version", OLD])).exitCode, 0);
  assert.notEqual(machine.read("usr/share/doc/eks-satellite/README.md"), "old");
  assert.deepEqual(machine.calls(), ["status"]);
});

test("an upgrade has all of the new program on the disk before its name points to it, and the name before it starts", async () => {
  const machine = await installed();
  for (const name of ["sync", "mv"]) machine.command(name, `exec /usr/bin/${name} "$@"`);
  assert.equal((await install(machine, ["--version", NEW])).exitCode, 0);
  const calls = machine.calls();
  const program = join(machine.root, "opt/eks-satellite");
  const renamed = calls.findIndex((call) => call.startsWith("mv ") && call.endsWith(` ${program}`));
  assert.ok(renamed > 0, calls.join("\n"));
  const flushed = new Set(calls.slice(0, renamed).flatMap((call) => (call.startsWith("sync ") ? call.split(" ") : [])));
  const staged = `${program}.new/eks-satellite-${NEW}-linux-amd64/opt/eks-satellite`;
  const inside = readdirSync(program, { recursive: true, encoding: "utf8" });
  assert.ok(inside.length > 5);
  for (const path of ["", ...inside.map((name) => `/${name}`)])
    assert.ok(flushed.has(staged + path), `${path} (${lstatSync(program + path).size} bytes) was not flushed`);
  const named = calls.indexOf(`sync -- ${join(machine.root, "opt")}`, renamed);
  assert.ok(named > renamed && named < calls.indexOf("systemctl restart eks-satellite.service"), calls.join("\n"));
});
