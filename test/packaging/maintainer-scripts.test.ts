// The real dpkg, on a root folder of its own, with a systemctl that only records its arguments.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { makeDeb } from "../../scripts/release/deb.ts";
import { SAMPLE_TIME_SECONDS, scratchFolder, TOP } from "./sample-release.ts";

const UNIT = "lib/systemd/system/eks-satellite.service";
const PROGRAM = "opt/eks-satellite/bin/node";
const RESET = "eks-satellite.mjs reset --yes --purge";
const skip = process.getuid?.() === 0 ? false : "dpkg sets the owners of files, which takes root";

const SHOW = "show --property=LoadState,NeedDaemonReload eks-satellite.service";
const NEW = "LoadState=not-found\nNeedDaemonReload=no\n";
const UNCHANGED = "LoadState=loaded\nNeedDaemonReload=no\n";
const CHANGED = "LoadState=loaded\nNeedDaemonReload=yes\n";

/** A root folder with dpkg's database in it, and a package to install there. */
async function machine({ hasSystemd = true } = {}) {
  const folder = await scratchFolder();
  const root = join(folder, "root");
  for (const path of ["var/lib/dpkg/updates", "var/lib/dpkg/info", "etc/eks-satellite"]) {
    mkdirSync(join(root, path), { recursive: true });
  }
  writeFileSync(join(root, "var/lib/dpkg/status"), "");
  writeFileSync(join(root, "etc/eks-satellite/config.yaml"), "cluster: {}\n");
  if (hasSystemd) mkdirSync(join(root, "run/systemd/system"), { recursive: true });

  const { stdout: architecture } = await execa("dpkg", ["--print-architecture"]);
  const place = { work: folder, output: folder, timeSeconds: SAMPLE_TIME_SECONDS };
  const identity = { version: "1.0.0", architecture, description: "x" };
  const program = `#!/bin/sh\necho "\${1##*/} $2 $3 $4" >> ${join(folder, "calls")}\nexit "$(cat ${join(folder, "exit")})"\n`;
  const files = [
    { path: UNIT, content: "[Unit]\n" },
    { path: PROGRAM, content: program, isProgram: true },
  ];
  const name = await makeDeb(TOP, { identity, files, place });

  const file = (name: string) => join(folder, name);
  mkdirSync(file("bin"));
  const systemctl = `#!/bin/sh
[ "$1" != is-active ] || { [ -e ${file("gateway-runs")} ]; exit; }
echo "$*" >> ${file("calls")}
case $1 in show) cat ${file("show")} ;; try-restart | stop) exit "$(cat ${file("exit")})" ;; esac
`;
  writeFileSync(file("bin/systemctl"), systemctl, { mode: 0o755 });
  const environment = { PATH: `${file("bin")}${delimiter}${process.env.PATH}${delimiter}/usr/sbin${delimiter}/sbin` };
  return {
    root,
    environment,
    /** From now on the gateway's unit is active. */
    runGateway: () => writeFileSync(file("gateway-runs"), ""),
    /** Runs dpkg; answers with what systemctl was asked meanwhile. */
    async dpkg(args: readonly string[], { show = UNCHANGED, systemctlExit = 0 } = {}) {
      writeFileSync(file("show"), show);
      writeFileSync(file("exit"), String(systemctlExit));
      writeFileSync(file("calls"), "");
      const forces = ["--force-script-chrootless", "--force-depends", `--log=${file("log")}`];
      const { stderr } = await execa("dpkg", [`--root=${root}`, ...forces, ...args], { env: environment });
      return { calls: readFileSync(file("calls"), "utf8").split("\n").filter(Boolean), stderr };
    },
    install: ["--install", join(folder, name)],
  };
}

test("a first install has systemd load the unit, and neither enables nor starts it", { skip }, async () => {
  const { dpkg, install, root } = await machine();
  const { calls } = await dpkg(install, { show: NEW });
  assert.deepEqual(calls, [SHOW, "daemon-reload", "try-restart eks-satellite.service"]);
  assert.equal(existsSync(join(root, UNIT)), true);
});

test("an upgrade stops nothing before, and restarts what runs after; the same unit is not read again", {
  skip,
}, async () => {
  const { dpkg, install } = await machine();
  await dpkg(install, { show: NEW });
  assert.deepEqual((await dpkg(install)).calls, [SHOW, "try-restart eks-satellite.service"]);
  assert.deepEqual((await dpkg(install)).calls, [SHOW, "try-restart eks-satellite.service"]);
});

test("an upgrade with another unit has systemd read it before the restart", { skip }, async () => {
  const { dpkg, install } = await machine();
  await dpkg(install, { show: NEW });
  const { calls } = await dpkg(install, { show: CHANGED });
  assert.deepEqual(calls, [SHOW, "daemon-reload", "try-restart eks-satellite.service"]);
});

test("a service that does not come back leaves the package installed, and is reported", { skip }, async () => {
  const { dpkg, install, root } = await machine();
  const { stderr } = await dpkg(install, { systemctlExit: 1 });
  assert.match(stderr, /eks-satellite: the service did not come back: journalctl -u eks-satellite/);
  assert.match(readFileSync(join(root, "var/lib/dpkg/status"), "utf8"), /^Status: install ok installed$/m);
});

test("a service that cannot be stopped does not keep the package from being removed, and is reported", {
  skip,
}, async () => {
  const { dpkg, install, root } = await machine();
  await dpkg(install);
  const { stderr } = await dpkg(["--remove", "eks-satellite"], { systemctlExit: 5 });
  assert.match(stderr, /eks-satellite: the service was not stopped: systemctl status eks-satellite/);
  assert.equal(existsSync(join(root, UNIT)), false);
});

test("remove stops the service and forgets the unit, configuration and state stay; a purge restores the machine", {
  skip,
}, async () => {
  const { dpkg, install, root } = await machine();
  await dpkg(install);
  const wants = join(root, "etc/systemd/system/multi-user.target.wants");
  mkdirSync(wants, { recursive: true });
  symlinkSync(`/${UNIT}`, join(wants, "eks-satellite.service"));
  for (const path of ["var/lib/eks-satellite", "var/cache/eks-satellite"])
    mkdirSync(join(root, path), { recursive: true });

  assert.deepEqual((await dpkg(["--remove", "eks-satellite"])).calls, ["stop eks-satellite.service", "daemon-reload"]);
  await assert.rejects(execa("readlink", [join(wants, "eks-satellite.service")]), { exitCode: 1 });
  assert.equal(existsSync(join(root, UNIT)), false);
  assert.equal(existsSync(join(root, "var/cache/eks-satellite")), true);

  assert.equal(existsSync(join(root, PROGRAM)), false);
  assert.equal(readFileSync(join(root, "etc/eks-satellite/config.yaml"), "utf8"), "cluster: {}\n");
  assert.equal(existsSync(join(root, "var/lib/eks-satellite")), true);

  assert.deepEqual((await dpkg(["--purge", "eks-satellite"])).calls, [RESET]);
  assert.equal(existsSync(join(root, "var/cache/eks-satellite")), false);
  assert.equal(existsSync(join(root, "opt/eks-satellite.removed")), false);
});

test("a purge that cannot restore the machine fails, keeps what the next one needs, and says so", {
  skip,
}, async () => {
  const { dpkg, install, root } = await machine();
  await dpkg(install);
  await dpkg(["--remove", "eks-satellite"]);
  const purge = () => dpkg(["--purge", "eks-satellite"], { systemctlExit: 1 });
  await assert.rejects(purge(), /the machine is not restored yet: correct what is named above, then: dpkg --purge/);
  assert.equal(existsSync(join(root, "opt/eks-satellite.removed/bin/node")), true);
  assert.deepEqual((await dpkg(["--purge", "eks-satellite"])).calls, [RESET]);
});

test("a gateway that runs is restarted by an upgrade, and stopped before the package goes", { skip }, async () => {
  const { dpkg, install, root, runGateway } = await machine();
  await dpkg(install);
  runGateway();
  const wanted = join(root, "etc/systemd/system/multi-user.target.wants");
  mkdirSync(wanted, { recursive: true });
  symlinkSync("/lib/systemd/system/eks-satellite-gateway.service", join(wanted, "eks-satellite-gateway.service"));
  const show = "show --property=NeedDaemonReload eks-satellite-gateway.service";
  const restart = "try-restart eks-satellite-gateway.service";
  assert.deepEqual((await dpkg(install)).calls.slice(-2), [show, restart]);
  assert.deepEqual((await dpkg(install, { show: CHANGED })).calls.slice(-3), [show, "daemon-reload", restart]);
  assert.ok((await dpkg(["--remove", "eks-satellite"])).calls.includes("stop eks-satellite-gateway.service"));
  await assert.rejects(execa("readlink", [join(wanted, "eks-satellite-gateway.service")]), { exitCode: 1 });
});

test("what was never configured is purged without a reset, and an installation removes the program of an earlier removal", {
  skip,
}, async () => {
  const { dpkg, install, root } = await machine();
  await dpkg(install);
  await dpkg(["--remove", "eks-satellite"]);
  await dpkg(install);
  assert.equal(existsSync(join(root, "opt/eks-satellite.removed")), false);
  rmSync(join(root, "etc/eks-satellite"), { recursive: true });
  assert.deepEqual((await dpkg(["--purge", "eks-satellite"])).calls, ["stop eks-satellite.service", "daemon-reload"]);
});

test("where no systemd runs, as in an image that is being made, none is asked", { skip }, async () => {
  const { dpkg, install } = await machine({ hasSystemd: false });
  for (const args of [install, install, ["--remove", "eks-satellite"], ["--purge", "eks-satellite"]]) {
    assert.deepEqual((await dpkg(args)).calls, []);
  }
});

test("each script may run twice", { skip }, async () => {
  const { dpkg, install, environment, root } = await machine();
  await dpkg(install);
  const scripts = ["postinst configure", "prerm remove", "postrm remove", "postrm purge"] as const;
  for (const [script = "", argument = ""] of scripts.map((line) => line.split(" "))) {
    for (const time of ["first", "second"]) {
      const path = join(root, `var/lib/dpkg/info/eks-satellite.${script}`);
      const { exitCode } = await execa(path, [argument], { env: { ...environment, DPKG_ROOT: root }, reject: false });
      assert.equal(exitCode, 0, `${script} ${argument}, the ${time} time`);
    }
  }
});
