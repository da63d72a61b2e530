import assert from "node:assert/strict";
import { test } from "node:test";
import { readCheckRecord, writeCheckRecord } from "../../agent/fitness/record.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const RECORD = {
  atMs: 1_767_323_045_000,
  node: "gpu-1",
  machine: { version: "1.0.0", kernel: "6.8.0" },
  summary: { ok: 41, warn: 1, fail: 0, pending: 0, unknown: 0 },
  findings: [{ name: "credentials", outcome: "warn" as const, evidence: "long-lived", remedy: "use a role" }],
};

test("a record is read as it was written, by root alone", async () => {
  const host = new MemoryHost();
  await writeCheckRecord(host, "/state", RECORD);
  assert.deepEqual(await readCheckRecord(host, "/state"), RECORD);
  assert.equal(host.files.peek("/state/check.json")?.mode, 0o600);
});

test("without a record, or with one that is damaged or of another form, there is none", async () => {
  const host = new MemoryHost();
  assert.equal(await readCheckRecord(host, "/state"), undefined);
  for (const text of ["", "{", "null", "[]", JSON.stringify({ ...RECORD, findings: "none" })]) {
    host.files.put("/state/check.json", text);
    assert.equal(await readCheckRecord(host, "/state"), undefined, text);
  }
});
