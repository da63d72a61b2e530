import assert from "node:assert/strict";
import { test } from "node:test";
import { summarizeFailures } from "../../agent/apply/converge.ts";
import { SatelliteError } from "../../agent/errors.ts";
import { type Facts, planNode } from "../../agent/plan/node-plan.ts";
import type { Resource } from "../../agent/plan/resource.ts";
import { MemoryContainerd } from "../fakes/memory-containerd.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { actionsOf, codesOf, createRounds, LEDGER, plannedFile } from "../fakes/rounds.ts";
import {
  containerdFile,
  DOCKER_CONTAINERD_CONFIG,
  sampleCluster,
  sampleConfig,
  sampleMachine,
} from "../fakes/samples.ts";

const CONTAINERD_CONFIG = "/etc/containerd/config.toml";

/** A whole node on a machine where Docker's containerd runs. */
function setUpNode() {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  host.files.put(CONTAINERD_CONFIG, DOCKER_CONTAINERD_CONFIG);
  containerd.start();
  const facts: Facts = {
    machine: sampleMachine(),
    cluster: sampleCluster(),
    containerd: { version: "1.7.27", config: containerdFile(DOCKER_CONTAINERD_CONFIG) },
    kubeletVersion: "1.34.4",
  };
  return { containerd, host, resources: planNode(sampleConfig(), facts).resources, rounds: createRounds(host) };
}

test("a bare machine becomes as planned in one round, containerd restarted once", async () => {
  const { containerd, host, resources, rounds } = setUpNode();
  const round = await rounds.apply(...resources);
  assert.deepEqual(codesOf(round), []);
  for (const resource of resources) {
    if (resource.kind === "file") assert.equal(host.files.peek(resource.path)?.content, resource.content);
    if (resource.kind === "sysctl")
      assert.equal(host.files.peek(`/proc/sys/${resource.key.replaceAll(".", "/")}`)?.content.trim(), resource.value);
  }
  assert.deepEqual(containerd.restarts, ["restart containerd.service"]);
  assert.match(containerd.runningConfig ?? "", /SystemdCgroup = true/);
});

test("the second round is a no-op: nothing is written, nothing restarted", async () => {
  const { containerd, host, resources, rounds } = setUpNode();
  await rounds.apply(...resources);
  const writes = host.files.changes.length;
  const round = await rounds.apply(...resources);
  assert.deepEqual([round.changes, round.failures], [[], []]);
  assert.equal(host.files.changes.length, writes);
  assert.equal(containerd.restarts.length, 1);
});

test("a dry run reports the same changes and writes nothing at all", async () => {
  const { containerd, host, resources, rounds } = setUpNode();
  const commands = host.commands.length;
  const dry = await rounds.dryRun(...resources);
  assert.deepEqual(host.files.changes, []);
  assert.deepEqual(containerd.restarts, []);
  assert.ok(host.commands.slice(commands).every((command) => command.startsWith("systemctl show")));
  const real = await rounds.apply(...resources);
  assert.deepEqual(actionsOf(dry), actionsOf(real));
});

test("a hand-edited file is repaired by the next round, and only it", async () => {
  const { containerd, host, resources, rounds } = setUpNode();
  await rounds.apply(...resources);
  for (const resource of resources) {
    if (resource.kind !== "file") continue;
    host.files.put(resource.path, `${resource.content}\n# edited\n`, { mode: resource.mode });
    const round = await rounds.apply(...resources);
    assert.deepEqual(
      round.changes.map(({ resource: changed }) => changed),
      [resource],
    );
    assert.equal(host.files.peek(resource.path)?.content, resource.content);
  }
  assert.equal(containerd.restarts.length, 1, "what containerd runs with was never another content");
});

test("a deleted file, a wrong mode and a changed setting are repaired", async () => {
  const { host, resources, rounds } = setUpNode();
  await rounds.apply(...resources);
  host.files.drop("/etc/kubernetes/pki/ca.crt");
  host.files.put("/var/lib/kubelet/kubeconfig", host.files.peek("/var/lib/kubelet/kubeconfig")?.content ?? "", {
    mode: 0o644,
  });
  host.files.put("/proc/sys/vm/overcommit_memory", "2\n");
  const round = await rounds.apply(...resources);
  assert.deepEqual(actionsOf(round).toSorted(), ["create", "set", "set-mode"]);
  assert.equal(host.files.peek("/var/lib/kubelet/kubeconfig")?.mode, 0o600);
});

test("one failure does not stop the rest", async () => {
  const { host, resources, rounds } = setUpNode();
  host.files.refuseWrites("/etc/kubernetes/pki/ca.crt", "ENOSPC");
  host.files.drop("/proc/sys/kernel/panic");
  const round = await rounds.apply(...resources);
  assert.deepEqual(codesOf(round).toSorted(), ["disk-full", "sysctl-missing"]);
  assert.equal(round.changes.length, resources.length - 2 - 3, "all but those two, and but what was right already");
});

test("when the disk is full the old file stays, and the round after there is room again writes it", async () => {
  const host = new MemoryHost();
  const rounds = createRounds(host);
  host.files.put("/etc/a", "old");
  host.files.refuseWrites("/etc/a", "ENOSPC");
  assert.deepEqual(codesOf(await rounds.apply(plannedFile("/etc/a", "new"))), ["disk-full"]);
  assert.equal(host.files.peek("/etc/a")?.content, "old");
  host.files.allowWrites();
  assert.deepEqual(actionsOf(await rounds.apply(plannedFile("/etc/a", "new"))), ["update"]);
});

test("what cannot be recorded is not changed: nothing of the user's is lost", async () => {
  const host = new MemoryHost();
  const rounds = createRounds(host);
  host.files.put("/etc/a", "the user's");
  host.files.refuseWrites(LEDGER, "ENOSPC");
  assert.deepEqual(codesOf(await rounds.apply(plannedFile("/etc/a", "ours"))), ["disk-full"]);
  assert.equal(host.files.peek("/etc/a")?.content, "the user's");
});

test("a containerd whose configuration could not be written keeps running on the one that it has", async () => {
  const { containerd, host, resources, rounds } = setUpNode();
  host.files.refuseWrites(CONTAINERD_CONFIG, "EROFS");
  const round = await rounds.apply(...resources);
  assert.deepEqual(codesOf(round), ["file-unwritable"]);
  assert.deepEqual(containerd.restarts, []);
  assert.equal(containerd.runningConfig, DOCKER_CONTAINERD_CONFIG);
});

test("changes are logged once each, with why", async () => {
  const host = new MemoryHost();
  const rounds = createRounds(host);
  const resource = plannedFile("/etc/a", "x", { why: "because" });
  await rounds.apply(resource);
  await rounds.apply(resource);
  assert.deepEqual(
    rounds.lines.map(({ msg, resource, why }) => ({ msg, resource, why })),
    [{ msg: "changed", resource: "file:/etc/a", why: "because" }],
  );
});

test("the failures of a round are one error: the first one's code and hint, everybody's message", () => {
  const first = new SatelliteError("disk-full", "/a was not written", { hint: "Free space." });
  const second = new SatelliteError("sysctl-missing", "no setting b");
  assert.equal(summarizeFailures([]), undefined);
  assert.equal(summarizeFailures([first]), first);
  const both = summarizeFailures([first, second]);
  assert.deepEqual(
    [both?.code, both?.message, both?.hint],
    ["disk-full", "/a was not written; no setting b", "Free space."],
  );
  assert.equal(summarizeFailures([new Error("boom")])?.code, "unexpected");
});

test("every kind of resource can be applied", () => {
  const kinds: readonly Resource["kind"][] = ["file", "sysctl", "kernel-module", "service"];
  const planned = new Set(setUpNode().resources.map(({ kind }) => kind));
  assert.deepEqual([...planned].toSorted(), kinds.toSorted());
});
