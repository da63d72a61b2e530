import assert from "node:assert/strict";
import { readFileSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { isAnsweredAtOnce, readAtOnce, readLinkAtOnce, statAtOnce } from "../../../agent/host/files/kernel-answers.ts";

test("what a round reads of the kernel is answered at once", () => {
  for (const path of [
    "/proc/meminfo",
    "/proc/net/route",
    "/proc/net/ipv6_route",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/vm/overcommit_memory",
    "/proc/bus/pci/devices",
    "/proc/4711/stat",
    "/proc/4711/fd/12",
    "/sys/module/br_netfilter",
    "/sys/class/net/eth0/operstate",
    "/sys/fs/cgroup/cgroup.controllers",
    "/sys/bus/pci/devices/0000:06:00.0/vendor",
  ])
    assert.ok(isAnsweredAtOnce(path), path);
});

test("a disk, a driver, another process's memory and what grows with pods are never waited for in the main thread", () => {
  for (const path of [
    "/etc/kubernetes/kubelet/config.json",
    "/var/lib/eks-satellite/node.json",
    "/run/eks-satellite/token",
    "/proc/driver/nvidia/version",
    "/proc/4711/cmdline",
    "/proc/4711/root/etc/passwd",
    "/proc/4711/fd/12/file",
    "/proc/self/mountinfo",
    "/proc/net/tcp",
    "/proc/sys/fs/binfmt_misc/register",
    "/sys/bus/pci/devices/0000:06:00.0/config",
    "/sys/bus/pci/devices/../../../../etc/passwd",
    "/sys/module/../../etc/passwd",
    "/proc/sys/net/../../../etc/passwd",
  ])
    assert.ok(!isAnsweredAtOnce(path), path);
});

test("the answers are those of the kernel, and what is not there is absent", () => {
  assert.equal(readAtOnce("/proc/sys/kernel/ostype"), readFileSync("/proc/sys/kernel/ostype", "utf8"));
  assert.equal(readLinkAtOnce("/proc/self/ns/pid"), readlinkSync("/proc/self/ns/pid"));
  assert.equal(readLinkAtOnce("/proc/meminfo"), undefined, "no link");
  assert.equal(statAtOnce("/proc/meminfo")?.isFile(), true);
  assert.equal(statAtOnce("/sys/module/no-such-module"), undefined);
  assert.throws(() => readAtOnce("/proc/sys/kernel/none"), { code: "ENOENT" });
  assert.throws(() => readLinkAtOnce("/proc/self/fd/987654"), { code: "ENOENT" });
});
