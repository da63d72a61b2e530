import assert from "node:assert/strict";
import { test } from "node:test";
import { restoreFile } from "../../agent/apply/restore-file.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const ORIGINAL = { kind: "file", content: "the user's\n", mode: 0o640, uid: 7, gid: 8 } as const;

test("a file gets its content, owner and mode again, also when it is gone", async () => {
  const host = new MemoryHost();
  for (const change of [() => host.files.put("/etc/a", "ours"), () => host.files.drop("/etc/a")]) {
    change();
    await restoreFile(host, "/etc/a", ORIGINAL);
    const { content, mode, uid, gid } = host.files.peek("/etc/a") ?? {};
    assert.deepEqual({ kind: "file", content, mode, uid, gid }, ORIGINAL);
  }
});

test("a difference of the owner or the mode alone is restored; without any difference nothing is written", async () => {
  const host = new MemoryHost();
  for (const { content, ...other } of [
    { ...ORIGINAL, uid: 0 },
    { ...ORIGINAL, mode: 0o644 },
  ]) {
    host.files.put("/etc/a", content, other);
    await restoreFile(host, "/etc/a", ORIGINAL);
    assert.deepEqual([host.files.peek("/etc/a")?.uid, host.files.peek("/etc/a")?.mode], [7, 0o640]);
  }
  const writes = host.files.changes.length;
  await restoreFile(host, "/etc/a", ORIGINAL);
  assert.equal(host.files.changes.length, writes);
});

test("what was no file, or is not known, is left alone", async () => {
  const host = new MemoryHost();
  host.files.put("/etc/a", "present");
  for (const original of [{ kind: "absent" }, { kind: "unknown" }, { kind: "value", value: "1" }] as const)
    await restoreFile(host, "/etc/a", original);
  assert.equal(host.files.peek("/etc/a")?.content, "present");
});
