import assert from "node:assert/strict";
import { test } from "node:test";
import { explainApt, isUnknownPackage, parseSimulation } from "../../agent/install/apt.ts";

const failed = (stderr: string) => ({ exitCode: 100, stdout: "", stderr });

test("a simulation is parsed into new, upgraded and removed packages", () => {
  const stdout = `NOTE: This is only a simulation!
Remv containerd.io [1.7.27-1]
Inst libnetfilter-conntrack3 (1.0.9-3 Debian:12.0/stable [amd64])
Inst runc [1.1.4] (1.1.5 Debian:12.0/stable [amd64])
Inst conntrack (1:1.4.7-1+b2 Debian:12.0/stable [amd64])
Conf conntrack (1:1.4.7-1+b2 Debian:12.0/stable [amd64])
Purg socat [1.7.4]
`;
  assert.deepEqual(parseSimulation(stdout), {
    installed: ["libnetfilter-conntrack3", "conntrack"],
    upgraded: ["runc"],
    removed: ["containerd.io", "socat"],
  });
});

test("a package that apt does not know is distinguished from other failures", () => {
  assert.ok(isUnknownPackage(failed("E: Unable to locate package conntrack\n")));
  assert.ok(isUnknownPackage(failed("E: Package 'socat' has no installation candidate\n")));
  assert.ok(!isUnknownPackage(failed("E: dpkg was interrupted\n")));
});

const EXPLAINED: readonly (readonly [stderr: string, code: string, message: RegExp, hint: RegExp])[] = [
  [
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1234 (unattended-upgr)\nN: Be aware that removing the lock file is not a solution\n",
    "apt-locked",
    /lock-frontend\. It is held by process 1234 \(unattended-upgr\)/,
    /Process 1234 \(unattended-upgr\) holds it/,
  ],
  [
    "E: Could not get lock /var/lib/dpkg/lock-frontend - open (11: Resource temporarily unavailable)\n",
    "apt-locked",
    /lock-frontend/,
    /fuser -v \/var\/lib\/dpkg\/lock-frontend/,
  ],
  [
    "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.\n",
    "dpkg-interrupted",
    /installing socat/,
    /^dpkg --configure -a/,
  ],
  ["Err:1 http://x\n  Temporary failure resolving 'deb.debian.org'\n", "apt-unreachable", /resolving/, /HTTP_PROXY/],
  [
    "E: Failed to fetch http://deb.debian.org/debian/pool/s/socat_1.deb  404  Not Found [IP: 10.0.0.1 80]\n",
    "apt-lists-outdated",
    /404 {2}Not Found/,
    /^apt-get update/,
  ],
  [
    "Failed to start transient service unit: Unit eks-satellite-apt.service already exists.\n",
    "apt-locked",
    /already exists/,
    /journalctl -u eks-satellite-apt\.service/,
  ],
  [
    "Failed to start transient service unit: Unit eks-satellite-apt.service was already loaded or has a fragment file.\n",
    "apt-locked",
    /already loaded/,
    /waits for it/,
  ],
  ["E: You don't have enough free space in /var/cache/apt/archives/.\n", "disk-full", /free space/, /df -h/],
  ["E: Unable to correct problems, you have held broken packages.\n", "apt-broken", /held broken/, /--fix-broken/],
  ["E: The package cache file is corrupted\n", "apt-failed", /exited with 100: E: The package cache/, /by hand/],
];
for (const [stderr, code, message, hint] of EXPLAINED) {
  test(`${code}: ${stderr.slice(0, 60).trim()}`, () => {
    const error = explainApt(failed(stderr), "installing socat");
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.hint ?? "", hint);
  });
}
