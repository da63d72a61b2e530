import assert from "node:assert/strict";
import { test } from "node:test";
import type { GpuAction } from "../../agent/xid/gpu-action.ts";
import type { KernelGpuLine } from "../../agent/xid/xid.ts";
import { XidRecord } from "../../agent/xid/xid-record.ts";

const FIRST = "0000:06:00.0";
const SECOND = "0000:07:00.0";

function line(atSeconds: number, xid: number, action: GpuAction, busId = FIRST): KernelGpuLine {
  return { kind: "xid", busId, xid, atSeconds, text: `at ${atSeconds}`, action };
}

function standing(record: XidRecord) {
  return record
    .list()
    .filter(({ isStanding }) => isStanding)
    .map(({ busId, xid }) => `${busId} ${xid}`);
}

test("an Xid is counted by GPU and code, with the text of its newest line", () => {
  const record = new XidRecord();
  record.take(line(1, 48, "reset-the-gpu"));
  record.take(line(2, 48, "reset-the-gpu", SECOND));
  const counted = record.take(line(3, 48, "reset-the-gpu"));
  assert.deepEqual([counted?.count, counted?.text], [2, "at 3"]);
  assert.equal(record.list().length, 2);
});

test("an application's Xid is counted, and is not a fault", () => {
  const record = new XidRecord();
  assert.equal(record.take(line(1, 13, "check-the-app"))?.isStanding, false);
  assert.deepEqual(standing(record), []);
});

test("a reset clears the faults of its GPU; a loaded driver clears all but a GPU that is off the bus", () => {
  const record = new XidRecord();
  record.take(line(1, 48, "reset-the-gpu"));
  record.take(line(2, 62, "reset-the-gpu", SECOND));
  record.take(line(3, 79, "reboot", SECOND));
  assert.equal(record.take({ kind: "recovered", busId: FIRST, atSeconds: 4 }), undefined);
  assert.deepEqual(standing(record), [`${SECOND} 62`, `${SECOND} 79`]);
  record.take({ kind: "driver-loaded", atSeconds: 5 });
  assert.deepEqual(standing(record), [`${SECOND} 79`]);
});

test("when the log is read again, recorded lines do not count twice", () => {
  const record = new XidRecord();
  record.take(line(1, 48, "reset-the-gpu"));
  record.restart();
  assert.equal(record.take(line(1, 48, "reset-the-gpu")), undefined);
  assert.equal(record.take(line(2, 48, "reset-the-gpu"))?.count, 2);
});

test("a driver that invents codes does not fill the memory", () => {
  const record = new XidRecord();
  for (let xid = 0; xid < 1000; xid += 1) record.take(line(xid, xid, "check-the-app"));
  assert.equal(record.list().length, 500);
  assert.equal(record.take(line(2000, 1, "check-the-app"))?.count, 2, "known Xids are still counted");
});

test("a fault is recorded even after a driver has invented codes", () => {
  const record = new XidRecord();
  for (let xid = 0; xid < 1000; xid += 1) record.take(line(xid, 1000 + xid, "check-the-app"));
  assert.equal(record.take(line(2000, 79, "reboot"))?.isStanding, true);
  assert.deepEqual([standing(record), record.list().length], [[`${FIRST} 79`], 500]);
});
