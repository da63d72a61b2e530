import assert from "node:assert/strict";
import { test } from "node:test";
import { localDefaults } from "../../agent/config/machine-config.ts";
import { packagesStep } from "../../agent/reset/packages.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

/** A machine for whose node these packages were installed. */
function setUp(names: readonly string[], { isWithinDpkg = false } = {}) {
  const host = new MemoryHost();
  for (const name of [...names, "file"]) {
    const id = name === "file" ? "file:/etc/x" : `package:${name}`;
    const entry = { id, original: { kind: "absent" }, firstChangedAtMs: 1, lastChangedAtMs: 1, changes: 1 };
    host.files.put(`/var/lib/eks-satellite/ledger/${name}.json`, JSON.stringify(entry));
  }
  const present = new Set(names);
  const answers = { simulated: names.map((name) => `Purg ${name} [1]\n`).join("") };
  host.install("dpkg-query", ([, name = ""]) =>
    present.has(name) ? { stdout: "Status: install ok installed\n" } : { exitCode: 1 },
  );
  host.install("apt-get", (args) => {
    if (args.includes("--simulate")) return { stdout: answers.simulated };
    for (const arg of args) present.delete(arg);
    return {};
  });
  const { log } = createMemoryLog();
  const shared = { host, log, config: localDefaults(), access: undefined, drainSeconds: 0, isPurge: false };
  return { host, answers, present, step: packagesStep({ ...shared, isWithinDpkg }) };
}

test("what was installed for the node is purged, and nothing else", async () => {
  const { host, present, step } = setUp(["conntrack", "socat"]);
  assert.deepEqual(await step.list(), ["apt-get purge conntrack", "apt-get purge socat"]);
  assert.deepEqual(await step.run(), []);
  assert.equal(present.size, 0);
  assert.match(host.commands.findLast((line) => line.startsWith("apt-get")) ?? "", /purge --yes conntrack socat$/);
  assert.deepEqual(await step.list(), [], "done");
});

test("a package on which others depend stays, and is reported", async () => {
  const { answers, present, step } = setUp(["socat"]);
  answers.simulated += "Purg users-tool [2]\n";
  assert.deepEqual(await step.run(), [
    "other packages (users-tool) depend on what was installed for the node, which stays: socat",
  ]);
  assert.equal(present.size, 1);
});

test("a containerd that runs other containers stays", async () => {
  const { host, present, step } = setUp(["containerd"]);
  host.install("ctr", (args) => ({ stdout: args.includes("namespaces") ? "k8s.io\nmoby\n" : "abc\n" }));
  assert.match((await step.run())[0] ?? "", /other containers run on containerd/);
  assert.equal(present.size, 1);
  host.install("ctr", (args) => ({ stdout: args.includes("namespaces") ? "k8s.io\nmoby\n" : "" }));
  assert.deepEqual(await step.run(), []);
});

test("within a run of dpkg the command is reported instead", async () => {
  const { host, step } = setUp(["socat"], { isWithinDpkg: true });
  assert.match((await step.run())[0] ?? "", /dpkg is running.*apt-get purge socat/);
  assert.ok(!host.commands.some((line) => line.startsWith("apt-get")));
});
