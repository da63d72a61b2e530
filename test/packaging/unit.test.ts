// The unit and the launcher as systemd and Node read them.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const UNIT = readFileSync(join(import.meta.dirname, "../../systemd/eks-satellite.service"), "utf8");
const LAUNCHER = readFileSync(join(import.meta.dirname, "../../systemd/eks-satellite"), "utf8");
const SERVICE: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from(UNIT.matchAll(/^(\w+)=(.*)$/gm), ([, key, value]) => [key, value]),
);
const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;

test("the daemon is back within a second, and the watchdog gives pings time where no process can be started", () => {
  assert.deepEqual([SERVICE.RestartSec, SERVICE.WatchdogSec, SERVICE.Restart], ["1s", "300s", "always"]);
});

test("what the daemon holds is root's alone: folders, and no core", () => {
  for (const kind of ["State", "Runtime"])
    assert.deepEqual([SERVICE[`${kind}Directory`], SERVICE[`${kind}DirectoryMode`]], ["eks-satellite", "0700"]);
  assert.equal(SERVICE.RuntimeDirectoryPreserve, "yes");
  assert.equal(SERVICE.LimitCORE, "0");
});

test("kubelet inherits no mount name space, which would hide its volumes from containerd", () => {
  const mounting = ["ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "ReadWritePaths", "PrivateMounts"];
  for (const key of mounting) assert.equal(SERVICE[key], undefined, key);
});

test("systemd understands every line of the unit", {
  skip: hasAnalyze ? false : "there is no systemd-analyze",
}, (context) => {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "eks-satellite.service");
  writeFileSync(file, UNIT.replace(/^ExecStart=.*$/m, "ExecStart=/bin/true"));
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
  assert.deepEqual([status, stderr.split("\n").filter((line) => line.includes("eks-satellite.service"))], [0, []]);
});

test("the gateway's unit is understood too, and its restart ends no tunnel", {
  skip: hasAnalyze ? false : "there is no systemd-analyze",
}, (context) => {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "eks-satellite-gateway.service");
  const unit = readFileSync(join(import.meta.dirname, "../../systemd/eks-satellite-gateway.service"), "utf8");
  writeFileSync(file, unit.replace(/^ExecStart=.*$/m, "ExecStart=/bin/true"));
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
  assert.deepEqual([status, stderr.split("\n").filter((line) => line.includes("eks-satellite-gateway"))], [0, []]);
  // With these capabilities systemd-notify has no other name than its own.
  assert.match(unit, /^NotifyAccess=all$/m);
  assert.doesNotMatch(unit, /CAP_SYS_ADMIN\b.*CAP_NET|CapabilityBoundingSet=.*CAP_SYS_ADMIN/);
  // Nothing of the unit stops wireguard-go, which has a unit of its own, or removes the interface.
  assert.doesNotMatch(unit, /^Exec(?:Stop|StopPost)=|wireguard-go\b.*Exec/m);
});

test("systemd hears from a unit without CAP_SYS_ADMIN what systemd-notify says, which cannot pass for the main process", () => {
  for (const name of ["eks-satellite", "eks-satellite-gateway"]) {
    const unit = readFileSync(join(import.meta.dirname, `../../systemd/${name}.service`), "utf8");
    const isBounded = /^CapabilityBoundingSet=(?!.*CAP_SYS_ADMIN)/m.test(unit);
    assert.equal(/^NotifyAccess=(.*)$/m.exec(unit)?.[1], isBounded ? "all" : "main", name);
  }
});

test("a power cut in the midst of an upgrade leaves a program to start: the earlier one, until there is another", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "eks-satellite-launcher-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const launcher = LAUNCHER.replaceAll("=/opt/", `=${folder}/opt/`);
  const place = (name: string) => {
    const bin = join(folder, name, "bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "node"), "#!/bin/sh\necho $0\n", { mode: 0o755 });
    return join(bin, "node");
  };
  const started = () => spawnSync("/bin/sh", ["-c", launcher], { encoding: "utf8" }).stdout.trim();
  const earlier = place("opt/eks-satellite.previous/opt/eks-satellite");
  assert.equal(started(), earlier);
  assert.equal(place("opt/eks-satellite"), started());
});

test("a signal opens no debugger, which every pod of the host's network could reach", async (context) => {
  const flags = /^exec "\$program\/bin\/node" ((?:--\S+ )+)/m.exec(LAUNCHER)?.[1]?.trim().split(" ") ?? [];
  assert.ok(flags.includes("--disable-sigusr1"));
  const program = "console.log('ready'); setTimeout(() => console.log('done'), 500)";
  const child = spawn(process.execPath, [...flags, "--eval", program]);
  context.after(() => child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  await once(child.stdout, "data");
  child.kill("SIGUSR1");
  await once(child, "close");
  assert.doesNotMatch(stderr, /Debugger/);
});
