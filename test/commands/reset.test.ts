import assert from "node:assert/strict";
import { test } from "node:test";
import { resetCommand } from "../../agent/commands/reset.ts";
import { connectionRefused } from "../fakes/memory-aws.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { CONFIG, CONTAINERD_CONFIG, STATE, setUpReset as setUp } from "../fakes/reset-machine.ts";
import { MINIMAL_CONFIG } from "../fakes/samples.ts";

test("changes are restored, our files are removed, and the user's files stay", async () => {
  const { files, run, verbs, said } = setUp();
  assert.equal(await run(), 0, said());
  const { content, mode, gid } = files.peek(CONTAINERD_CONFIG) ?? {};
  assert.deepEqual([content, mode, gid], ["theirs", 0o640, 5]);
  assert.equal(files.peek("/proc/sys/vm/overcommit_memory")?.content, "0");
  assert.deepEqual(
    files.paths().filter((path) => !/^\/(proc|usr|opt|etc\/eks)\//.test(path)),
    [CONTAINERD_CONFIG, "/etc/eks-satellite/aws-keys", CONFIG, "/var/lib/kubelet/mine.txt"],
  );
  assert.deepEqual(
    verbs.filter((verb) => /disable|restart/.test(verb)),
    ["disable --no-reload --quiet --now eks-satellite.service", "restart containerd.service"],
  );
  assert.match(said(), /file:\/etc\/lost: its original is unknown/);
});

test("a dry run lists every step and changes nothing", async () => {
  const { host, files, run, verbs, said } = setUp();
  const before = files.paths();
  assert.equal(await run({ yes: false, dryRun: true }), 0);
  assert.deepEqual([files.paths(), files.changes], [before, []]);
  assert.ok(verbs.every((verb) => verb.startsWith("is-active")));
  assert.ok(!host.commands.some((command) => /^(rm|rmdir|umount|mount) /.test(command)));
  for (const line of [
    "  stop and disable eks-satellite.service",
    "  restore /etc/containerd/config.toml",
    "  remove /etc/kubernetes/pki/ca.crt",
    "  set vm.overcommit_memory to 0",
    "  remove /var/lib/kubelet/pods",
    "  remove /var/lib/eks-satellite",
  ])
    assert.ok(said().includes(`${line}\n`), `${line} in\n${said()}`);
});

test("it asks, and does nothing without a yes; without a terminal it names the flag to use", async () => {
  const { files, run } = setUp();
  assert.equal(await run({ yes: false }, async () => false), 2);
  await assert.rejects(run({ yes: false }), { code: "confirmation-missing", hint: /--yes/ });
  assert.deepEqual(files.changes, []);
  assert.equal(await run({ yes: false }, async () => true), 0);
});

test("while something is mounted below kubelet's folder, the folder and the state for the next try are kept", async () => {
  const { host, files, run, said } = setUp();
  const mountinfo = files.peek("/proc/self/mountinfo")?.content ?? "";
  files.put("/proc/self/mountinfo", `${mountinfo}2 1 8:1 / /var/lib/kubelet/pods/a/host rw - ext4 x rw\n`);
  host.install("mount", () => ({}));
  host.install("umount", () => ({ exitCode: 32, stderr: "target is busy" }));
  assert.equal(await run(), 1);
  assert.ok(files.peek("/var/lib/kubelet/pods/a/x") !== undefined);
  assert.ok(files.peek(`${STATE}/ledger/a.json`) !== undefined);
  assert.match(said(), /✗ unmount .*target is busy\n {2}→ fuser/);
  files.put("/proc/self/mountinfo", mountinfo);
  assert.equal(await run(), 0, "and then it goes through");
  assert.equal(files.peek(`${STATE}/ledger/a.json`), undefined);
});

test("a containerd that does not answer stops it before anything that its pods use is removed", async () => {
  const { files, runtime, run, said } = setUp();
  const { answer } = runtime;
  runtime.answer = () => {
    throw connectionRefused();
  };
  assert.equal(await run(), 1);
  assert.match(said(), /✗ end and remove the pods' containers: containerd does not answer.*\n {2}→ systemctl status/);
  assert.equal(files.peek(CONTAINERD_CONFIG)?.content, "ours");
  assert.ok(files.peek("/var/lib/kubelet/pods/a/x") !== undefined);
  runtime.answer = answer;
  assert.equal(await run(), 0);
});

test("a containerd without CRI, or a missing containerd, runs no pods of kubelet's", async () => {
  const { runtime, run } = setUp();
  runtime.answer = () => ({ status: 12, statusMessage: "unknown service", message: new Uint8Array() });
  assert.equal(await run(), 0);
  const other = setUp();
  other.runtime.answer = () => {
    throw connectionRefused();
  };
  other.host.install("systemctl", () => ({ exitCode: 1 }));
  assert.equal(await other.run(), 0);
});

test("nothing is restored while the daemon does not stop", async () => {
  const { host, files, run } = setUp();
  host.install("systemctl", ([verb]) => ({ stdout: verb === "is-active" ? "active" : "" }));
  assert.equal(await run(), 1);
  assert.deepEqual(files.changes, []);
});

test("a second run has nothing to do", async () => {
  const { files, run, verbs } = setUp();
  await run();
  const after = files.paths();
  verbs.length = 0;
  assert.equal(await run(), 0);
  assert.deepEqual(files.paths(), after);
  assert.ok(!verbs.some((verb) => verb.startsWith("restart")));
});

test("--purge removes the configuration and the keys too", async () => {
  const { files, run } = setUp();
  await run({ purge: true });
  assert.ok(!files.paths().some((path) => path.startsWith("/etc/eks-satellite")));
});

test("without a configuration it uses the defaults, and without a cluster it asks no API server", async () => {
  const { files, run, said } = setUp();
  files.drop(CONFIG);
  assert.equal(await run(), 0, said());
  assert.equal(files.peek(CONTAINERD_CONFIG)?.content, "theirs");
  assert.match(said(), /the cluster is unknown: the pods are ended without an eviction/);
});

test("only root may run it", async () => {
  const { host, run } = setUp();
  host.userId = 1000;
  await assert.rejects(run(), { code: "not-root" });
});

test("a daemon that was started by hand is refused before anything is done; the service's own is stopped", async () => {
  const { files, host, run, verbs } = setUp();
  const byHand = host.processes.start({ name: "node" });
  const lock = await files.lock(`${STATE}/lock`, JSON.stringify({ pid: byHand.pid }));
  await assert.rejects(run({ yes: true }), { code: "already-running", message: new RegExp(`pid ${byHand.pid}`) });
  assert.deepEqual([verbs, files.peek(CONTAINERD_CONFIG)?.content], [[], "ours"]);
  await lock?.release();
  assert.equal(await run({ yes: true }), 0);
  assert.ok(await files.lock(`${STATE}/lock`), "it is free after the reset");
});

test("with nothing to do it says so, with and without a terminal, and asks nothing", async () => {
  const host = new MemoryHost();
  host.files.put("/proc/self/mountinfo", "1 0 8:1 / / rw shared:1 - ext4 x rw\n");
  host.install("systemctl", ([verb]) => (verb === "cat" ? { exitCode: 1 } : { stdout: "inactive" }));
  let said = "";
  const options = {
    config: CONFIG,
    yes: false,
    dryRun: false,
    purge: false,
    drainSeconds: 10,
    output: "text" as const,
  };
  const print = (text: string) => {
    said += text;
  };
  const context = { host, confirm: undefined, isWithinDpkg: false };
  assert.equal(await resetCommand(context, options, print), 0);
  assert.match(said, /^There is nothing to do: .*\n$/);
});

test("with another state folder the copy of the configuration is removed too, and what is not ours stays and is named", async () => {
  const { files, run, said } = setUp();
  files.put(CONFIG, `${MINIMAL_CONFIG}stateFolder: /data/eks-satellite\nrunFolder: /srv/eks-satellite-run/\n`);
  files.put(`${STATE}/last-good-config.yaml`, "x");
  files.put("/data/eks-satellite/cluster.json", "{}");
  files.put("/data/eks-satellite/.cluster.json.0123456789ab.tmp", "{");
  files.put("/data/eks-satellite/photos/cat.jpg", "theirs");
  files.put("/srv/eks-satellite-run/kubelet-token", "token");
  assert.equal(await run(), 0, said());
  for (const path of [`${STATE}/last-good-config.yaml`, "/srv/eks-satellite-run/kubelet-token"])
    assert.equal(files.peek(path), undefined, path);
  assert.deepEqual(
    files.paths().filter((path) => path.startsWith("/data/")),
    ["/data/eks-satellite/photos/cat.jpg"],
  );
  assert.match(said(), /\/data\/eks-satellite stays: it holds photos, which eks-satellite did not put there/);
});

test("a machine that machine launch has rented ends with the command that stops its cost, and no other does", async () => {
  for (const [text, isSaid] of [
    ['{"cloud":"lambda","name":"gpu-1"}\n', true],
    ['{"cloud":"lambda","name":"gpu-1; rm"}\n', false],
    [undefined, false],
  ] as const) {
    const { files, run, said } = setUp();
    if (text !== undefined) files.put("/etc/eks-satellite/rented.json", text);
    assert.equal(await run({ purge: true }), 0);
    const sentence = /sudo shutdown does not stop that\. On your laptop: eks-satellite machine terminate gpu-1\n$/;
    assert.equal(sentence.test(said()), isSaid, text);
  }
});

test("as JSON it is one document: the plan of a dry run, or each step with what it left or why it failed", async () => {
  const dry = setUp();
  assert.equal(await dry.run({ dryRun: true, output: "json" }), 0);
  const { plan, steps, exitCode } = JSON.parse(dry.said());
  assert.ok(plan.some(({ lines }: { lines: string[] }) => lines.includes("set vm.overcommit_memory to 0")));
  assert.deepEqual([steps, exitCode], [[], 0]);

  const { host, run, said } = setUp();
  host.install("mount", () => ({}));
  host.install("umount", () => ({ exitCode: 32, stderr: "target is busy" }));
  const mountinfo = host.files.peek("/proc/self/mountinfo")?.content ?? "";
  host.files.put("/proc/self/mountinfo", `${mountinfo}2 1 8:1 / /var/lib/kubelet/pods/a/host rw - ext4 x rw\n`);
  assert.equal(await run({ output: "json" }), 1);
  const failed = JSON.parse(said());
  assert.equal(failed.exitCode, 1);
  assert.equal(failed.steps.at(-1).error.code, "mount-busy");
  assert.match(failed.notes.at(-1), /^Stopped there\./);
});

test("as JSON it asks nothing, though there is a terminal", async () => {
  const { files, run } = setUp();
  await assert.rejects(
    run({ yes: false, output: "json" }, async () => true),
    { code: "confirmation-missing" },
  );
  assert.deepEqual(files.changes, []);
});
