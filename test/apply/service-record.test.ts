import assert from "node:assert/strict";
import { test } from "node:test";
import { readServiceRecord, writeServiceRecord } from "../../agent/apply/service-record.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const RECORD = { pid: 7, startTicks: 100, configSha256: "ab" };

function setUp() {
  const host = new MemoryHost();
  return { host, place: { host, servicesFile: "/state/services.json" } };
}

test("each unit has its own record, and one replaces the one before", async () => {
  const { host, place } = setUp();
  await writeServiceRecord(place, "a.service", RECORD);
  await writeServiceRecord(place, "b.service", { ...RECORD, pid: 8 });
  await writeServiceRecord(place, "a.service", { ...RECORD, refused: { configSha256: "cd", reason: "why" } });
  assert.deepEqual((await readServiceRecord(place, "a.service"))?.refused, { configSha256: "cd", reason: "why" });
  assert.equal((await readServiceRecord(place, "b.service"))?.pid, 8);
  assert.equal(await readServiceRecord(place, "c.service"), undefined);
  assert.equal(host.files.peek("/state/services.json")?.mode, 0o600);
});

test("a damaged file is no record, and is whole again after the next one", async () => {
  const { host, place } = setUp();
  for (const text of ["{ half", '{"a.service":{"pid":"x"}}', "[]"]) {
    host.files.put("/state/services.json", text);
    assert.equal(await readServiceRecord(place, "a.service"), undefined);
    await writeServiceRecord(place, "a.service", RECORD);
    assert.deepEqual(await readServiceRecord(place, "a.service"), RECORD);
  }
});
