// A machine that lacks what the distribution has to bring: installed from Debian's own mirror, and gone again after reset.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { makePrivateKey, publicKeyOf } from "../../agent/tunnel/wireguard-key.ts";
import { down } from "../sandbox/down.ts";
import { importImages } from "../sandbox/images.ts";
import { buildAgent, configPath, installAgent } from "../sandbox/install-agent.ts";
import { ensureBaseTree } from "../sandbox/machine/base.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { cacheFolder } from "../sandbox/state.ts";
import { Progress } from "../sandbox/step.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { renderWebDeployment } from "../sandbox/workload.ts";
import type { SeenStatus } from "./satellite.ts";

const FOLDER = join(cacheFolder(), "dependencies-sandbox");
const MISSING = ["containerd", "runc", "iptables", "conntrack", "socat"];
/** Another program's apt-get keeps dpkg's lock until this file is there, or for as long as a slow machine may take. */
const SEEN = "/run/lock-was-seen";
const LOCKED_SECONDS = 120;

let sandbox: Sandbox;
let dist: string;
before(async () => {
  await down(FOLDER);
  dist = await buildAgent();
  ({ sandbox } = await up({ folder: FOLDER, agent: false }));
  await sh(`apt-get purge --yes --quiet=2 ${MISSING.join(" ")} >/dev/null`);
});
after(() => down(FOLDER));

const sh = async (script: string) =>
  (await sandbox.box(["/bin/sh", "-ec", script], { timeoutMs: 120_000 })).stdout.trim();
const packages = async () => (await sh("dpkg-query --show")).split("\n");
const differences = (now: readonly string[], before: readonly string[]) => ({
  added: now.filter((line) => !before.includes(line)),
  gone: before.filter((line) => !now.includes(line)),
});

async function installed(): Promise<{ readonly reason: string; readonly message: string }> {
  const status: SeenStatus = JSON.parse(await sh("curl --silent --fail --max-time 5 http://127.0.0.1:9911/status"));
  const found = status.conditions.find(({ type }) => type === "DependenciesInstalled");
  if (found === undefined) throw new Error("there is no such condition");
  return found;
}

test("while somebody else installs packages the daemon waits and says for whom, then the machine becomes a node by itself", async () => {
  const before = await packages();
  await sh("apt-get update --quiet=2");
  // A real apt-get, which keeps the lock for a while: cloud-init's and unattended upgrades do that for minutes after a boot.
  const untilSeen = `timeout ${LOCKED_SECONDS} sh -c 'until [ -e ${SEEN} ]; do sleep 0.2; done'`;
  await sandbox.machine.write("/usr/local/bin/hold-lock", `#!/bin/sh\n${untilSeen}\n`, 0o755);
  const holder = "apt-get install --reinstall --yes -o DPkg::Pre-Install-Pkgs::=/usr/local/bin/hold-lock hostname";
  await sh(`systemd-run --quiet --unit=upgrades /bin/sh -c "${holder}"`);
  await waitFor({ what: "the lock to be held", deadlineMs: 20_000 }, async () =>
    sh("! apt-get install --yes -o DPkg::Lock::Timeout=0 hostname >/dev/null 2>&1 && echo held").then(
      (word) => word === "held",
      () => false,
    ),
  );
  await installAgent(sandbox, dist);
  const seen = await waitFor({ what: "AptLocked", deadlineMs: 60_000, intervalMs: 200 }, () =>
    installed().then(
      (condition) => (condition.reason === "AptLocked" ? condition : undefined),
      () => undefined,
    ),
  );
  await sh(`touch ${SEEN}`);
  assert.match(seen.message, /It is held by process \d+ \(apt-get\)/);
  await sandbox.waitForNode(undefined, 120_000);
  assert.equal((await installed()).reason, "Installed");
  const { added, gone } = differences(await packages(), before);
  assert.deepEqual(gone, []);
  for (const name of MISSING)
    assert.ok(
      added.some((line) => line.startsWith(`${name}\t`)),
      name,
    );
  await importImages(sandbox.machine);
  await sandbox.kubectl(["apply", "--filename=-"], renderWebDeployment());
  await sandbox.kubectl(["rollout", "status", "deployment/web", "--timeout=60s"]);
});

test("reset removes what was installed, and the list of packages is what it was", async () => {
  const now = await packages();
  const { stdout, exitCode } = await sandbox.box(["eks-satellite", "reset", "--yes", "--drain-seconds", "10"], {
    ...{ mayFail: true, timeoutMs: 180_000 },
  });
  assert.equal(exitCode, 0, stdout);
  const { added, gone } = differences(await packages(), now);
  assert.deepEqual(added, []);
  for (const name of MISSING)
    assert.ok(
      gone.some((line) => line.startsWith(`${name}\t`)),
      name,
    );
  assert.equal(await sh("ls /usr/bin/containerd /usr/sbin/conntrack /usr/bin/socat 2>/dev/null || true"), "");
});

test("Docker's containerd.io stays what it is, and the rest is installed beside it", async () => {
  await installDockers();
  const before = await packages();
  await sandbox.kubectl(["delete", "node", sandbox.nodeName, "--ignore-not-found"]);
  await sh("systemctl enable --quiet --now eks-satellite");
  await sandbox.waitForNode(undefined, 120_000);
  await waitFor(
    { what: "the dependencies", deadlineMs: 60_000 },
    async () => (await installed()).reason === "Installed",
  );
  const { added, gone } = differences(await packages(), before);
  assert.deepEqual(gone, []);
  const names = added.map((line) => line.split("\t")[0]);
  assert.ok(names.includes("conntrack") && names.includes("socat") && names.includes("iptables"), names.join(" "));
  assert.ok(!names.includes("containerd") && !names.includes("runc"), names.join(" "));
  assert.match(await sh("dpkg-query --show containerd.io"), /^containerd\.io\t9\.9\.9$/m);
});

test("a tunnel brings its programs from the distribution, in userspace where the kernel has none, and reset takes them back", async () => {
  // The sandbox's own wireguard-go goes, too.
  await sh("apt-get purge --yes --quiet=2 wireguard-tools >/dev/null; rm /usr/local/bin/wireguard-go; ! command -v wg");
  const before = await packages();
  const config = parse(await sh(`cat ${configPath}`));
  const gateway = {
    publicKey: publicKeyOf(makePrivateKey()),
    endpoint: `${sandbox.addresses.uplink.host}:51820`,
    address: "10.20.1.5",
  };
  const tunnel = { mode: "static", address: "10.250.0.11", gateways: [gateway], vpcCidrs: ["10.20.0.0/16"] };
  const changed = { ...config, network: { ...config.network, tunnel: { ...tunnel, userspace: "allow" } } };
  await sandbox.box(["/bin/sh", "-c", `cat > ${configPath}`], { input: stringify(changed) });
  await sh("systemctl restart eks-satellite");
  await waitFor({ what: "the interface with its peer", deadlineMs: 120_000, intervalMs: 1000 }, () =>
    sh(`wg show es0 peers | grep --fixed-strings ${gateway.publicKey}`).catch(() => undefined),
  );
  assert.match(await sh("ip -4 route show dev es0"), /^10\.20\.0\.0\/16 .*src 10\.250\.0\.11/m);
  assert.equal((await installed()).reason, "Installed");
  const names = differences(await packages(), before).added.map((line) => line.split("\t")[0]);
  assert.ok(names.includes("wireguard-tools") && names.includes("wireguard-go"), names.join(" "));
  await sandbox.waitForNode();
  await sandbox.box(["eks-satellite", "reset", "--yes", "--drain-seconds", "10"], { timeoutMs: 180_000 });
  assert.equal(await sh("ls /usr/bin/wg /usr/bin/wireguard-go 2>/dev/null || true; ip -brief link show type tun"), "");
});

/** A package by Docker's name, in conflict with Debian's as Docker's is, around Debian's own programs. */
async function installDockers(): Promise<void> {
  const base = await ensureBaseTree(new Progress());
  const folder = await mkdtemp(join(tmpdir(), "eks-satellite-docker-"));
  const root = join(folder, "containerd.io");
  const { stdout: architecture } = await execa("dpkg", ["--print-architecture"]);
  for (const path of [
    ...["usr/bin/containerd", "usr/bin/containerd-shim-runc-v2", "usr/bin/ctr", "usr/sbin/runc"],
    "lib/systemd/system/containerd.service",
  ]) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await cp(join(base, path), join(root, path));
  }
  await mkdir(join(root, "DEBIAN"));
  const control = [
    "Package: containerd.io",
    "Version: 9.9.9",
    `Architecture: ${architecture}`,
    "Maintainer: nobody <n@example.com>",
  ];
  const relations = ["Provides: containerd, runc", "Conflicts: containerd, runc", "Replaces: containerd, runc"];
  const lines = [...control, ...relations, "Description: in the manner of Docker's", ""];
  await writeFile(join(root, "DEBIAN/control"), lines.join("\n"));
  await execa("dpkg-deb", ["--root-owner-group", "--build", root, `${root}.deb`]);
  await sandbox.machine.write("/var/tmp/containerd.io.deb", await readFile(`${root}.deb`));
  await rm(folder, { recursive: true });
  await sh(
    "dpkg --install /var/tmp/containerd.io.deb >/dev/null && systemctl daemon-reload && systemctl enable --quiet --now containerd",
  );
}
