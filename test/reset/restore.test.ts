import assert from "node:assert/strict";
import { test } from "node:test";
import type { LedgerEntry, Original } from "../../agent/apply/ledger.ts";
import { describeRestore, isStillOwn, restoreEntry } from "../../agent/reset/restore.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const ABSENT: Original = { kind: "absent" };
const FILE: Original = { kind: "file", content: "theirs", mode: 0o640, uid: 0, gid: 5 };

const entry = (id: string, original: Original): LedgerEntry => ({
  ...{ id, original },
  ...{ firstChangedAtMs: 1, lastChangedAtMs: 1, changes: 1 },
});

function setUp() {
  const host = new MemoryHost();
  host.files.put("/proc/self/mountinfo", "1 0 8:1 / / rw shared:1 - ext4 x rw\n");
  host.install("rm", (args) => {
    host.files.drop(args.at(-1) ?? "");
    return {};
  });
  return host;
}

test("each kind of entry is described by what is done about it", () => {
  const lines = [
    entry("file:/etc/a", ABSENT),
    entry("link:/usr/bin/kubelet", ABSENT),
    entry("file:/etc/b", FILE),
    entry("sysctl:vm.overcommit_memory", { kind: "value", value: "0" }),
    entry("file:/etc/c", { kind: "unknown" }),
    entry("package:socat", ABSENT),
    entry("kernel-module:overlay", ABSENT),
  ].map(describeRestore);
  assert.deepEqual(lines, [
    "remove /etc/a",
    "remove /usr/bin/kubelet",
    "restore /etc/b",
    "set vm.overcommit_memory to 0",
    "leave /etc/c: its original is unknown",
    undefined,
    undefined,
  ]);
});

test("a file that was not there is removed, and one that was gets its content, mode and owner back", async () => {
  const host = setUp();
  host.files.put("/etc/a", "ours");
  host.files.put("/etc/b", "ours", { mode: 0o600 });
  await restoreEntry(host, entry("file:/etc/a", ABSENT));
  await restoreEntry(host, entry("file:/etc/b", FILE));
  assert.equal(host.files.peek("/etc/a"), undefined);
  const { content, mode, gid } = host.files.peek("/etc/b") ?? {};
  assert.deepEqual([content, mode, gid], ["theirs", 0o640, 5]);
});

test("a file whose original is unknown stays as it is", async () => {
  const host = setUp();
  host.files.put("/etc/c", "ours");
  await restoreEntry(host, entry("file:/etc/c", { kind: "unknown" }));
  assert.equal(host.files.peek("/etc/c")?.content, "ours");
});

test("a kernel setting is written in place below /proc/sys", async () => {
  const host = setUp();
  await restoreEntry(host, entry("sysctl:net.ipv4.ip_forward", { kind: "value", value: "0" }));
  assert.deepEqual(host.files.changes, ["write /proc/sys/net/ipv4/ip_forward"]);
  assert.equal(host.files.peek("/proc/sys/net/ipv4/ip_forward")?.content, "0");
});

test("a loaded kernel module is left loaded", async () => {
  const host = setUp();
  await restoreEntry(host, entry("kernel-module:overlay", ABSENT));
  assert.deepEqual([host.files.changes, host.commands], [[], []]);
});

test("a link is ours while it leads to a downloaded program, and not once the user has put a program there", async () => {
  const host = setUp();
  const link = entry("link:/usr/bin/kubelet", ABSENT);
  host.files.putLink("/usr/bin/kubelet", "/opt/eks-satellite-artifacts/kubelet/1.34.4/kubelet");
  assert.equal(await isStillOwn(host, link), true);
  await restoreEntry(host, link);
  assert.equal(host.files.peekLink("/usr/bin/kubelet"), undefined);
  host.files.put("/usr/bin/kubelet", "the user's");
  assert.equal(await isStillOwn(host, link), false);
  assert.equal(await isStillOwn(host, entry("file:/etc/a", ABSENT)), true);
});

test("an entry without a kind is an error that shows it", async () => {
  const id = "nonsense";
  await assert.rejects(restoreEntry(setUp(), entry(id, ABSENT)), { code: "reset-failed", message: /kind: nonsense$/ });
});
