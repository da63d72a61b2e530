// A fault whose cause is not where it shows: the node names the cause, in /status, in check and first in the journal.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createFaults } from "../faults/faults.ts";
import { measureFault } from "../faults/measure.ts";
import { bringUp, type Satellite } from "./satellite.ts";

let satellite: Satellite;
before(async () => {
  satellite = await bringUp();
  await satellite.restore();
});
after(() => satellite.restore());

// The others are for `scripts/faults`: all of them take a quarter of an hour.
for (const fault of createFaults().filter(
  ({ condition }) => condition === "ClockInSync" || condition === "DnsWorking",
)) {
  test(`${fault.name}: the cause is named with what to do, and the node recovers by itself`, async () => {
    const { problems } = await measureFault(satellite, fault);
    assert.deepEqual(problems, []);
  });
}
