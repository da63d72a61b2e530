import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpCheck } from "../fakes/check-machine.ts";

test("each supported distribution is ok, and another version of one is a warning", async () => {
  const { host, find } = setUpCheck();
  const outcomeOf = async (id: string, version: string) => {
    host.files.put("/etc/os-release", `ID=${id}\nVERSION_ID="${version}"\n`);
    return (await find("os")).outcome;
  };
  for (const version of ["20.04", "22.04", "24.04"]) assert.equal(await outcomeOf("ubuntu", version), "ok", version);
  assert.equal(await outcomeOf("debian", "12"), "ok");
  assert.equal(await outcomeOf("debian", "11"), "warn");
  host.files.drop("/etc/os-release");
  assert.match((await find("os")).evidence, /is not a tested one$/);
});

test("the limit of open files is pid 1's, or without that our own", async () => {
  const { host, find } = setUpCheck();
  const limits = (hard: string) => `Limit Soft Hard Units\nMax open files  1024  ${hard}  files\n`;
  host.files.put("/proc/self/limits", limits("4096"));
  assert.equal((await find("open-files")).outcome, "ok");
  host.files.put("/proc/1/limits", limits("unlimited"));
  assert.deepEqual((await find("open-files")).evidence, "up to unlimited");
  host.files.drop("/proc/1/limits");
  assert.equal((await find("open-files")).outcome, "warn");
  host.files.drop("/proc/self/limits");
  assert.deepEqual(
    [(await find("open-files")).outcome, (await find("open-files")).remedy],
    ["unknown", "Run as root."],
  );
});

test("a file system without room for more inodes is a failure of its own", async () => {
  const { host, find } = setUpCheck();
  host.files.spaces.set("/run", { totalBytes: 100, availableBytes: 90, totalInodes: 1000, freeInodes: 49 });
  const { outcome, evidence } = await find("disk");
  assert.equal(outcome, "fail");
  assert.match(evidence, /^\/run has less than 5 % of its inodes left/);
});

test("mount namespaces that cannot be compared are unknown", async () => {
  const { host, find } = setUpCheck();
  host.files.dropLink("/proc/1/ns/mnt");
  assert.equal((await find("mount-namespace")).outcome, "unknown");
  host.files.drop("/proc/self/mountinfo");
  assert.equal((await find("mount-propagation")).outcome, "unknown");
});

test("a loaded kernel module needs no modprobe, and settings that differ are named as the daemon's work", async () => {
  const { host, find } = setUpCheck();
  host.install("modprobe", () => ({ exitCode: 1 }));
  assert.equal((await find("kernel")).outcome, "fail");
  for (const name of ["overlay", "br_netfilter"]) host.files.putFolder(`/sys/module/${name}`);
  host.files.put("/proc/sys/vm/overcommit_memory", "7\n");
  const differing = await find("kernel");
  assert.equal(differing.outcome, "pending");
  assert.match(differing.evidence, /vm\.overcommit_memory/);
  assert.match(differing.remedy ?? "", /eks-satellite run sets them: nothing to do by hand/);
  host.files.drop("/proc/sys/vm/overcommit_memory");
  const { outcome, evidence } = await find("kernel");
  assert.deepEqual([outcome, evidence], ["fail", "this kernel has no vm.overcommit_memory"]);
});
