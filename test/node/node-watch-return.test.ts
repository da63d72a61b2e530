import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { READY, setUpNodeWatch } from "../fakes/memory-node-api.ts";

test("nodes whose watches end in one moment do not all read in the next", async () => {
  const returnedMs: number[] = [];
  for (const chance of [0, 0.25, 0.5, 0.75]) {
    const { host, api } = setUpNodeWatch(READY);
    host.random = () => chance;
    await host.clock.advance(120_000);
    const [before, endedMs] = [api.reads, host.clock.monotonic()];
    api.endWatch(new SatelliteError("watch-ended", "the watch ended"));
    while (api.reads === before) await host.clock.advance(50);
    returnedMs.push(host.clock.monotonic() - endedMs);
  }
  assert.deepEqual(returnedMs, [500, 1750, 3000, 4250]);
});

test("a watch that the daemon itself ends begins again after half a second", async () => {
  const { host, api, watch } = setUpNodeWatch(READY);
  host.random = () => 0.9;
  await host.clock.advance(120_000);
  const before = api.reads;
  watch.lookAgain();
  await host.clock.advance(500);
  assert.equal(api.reads, before + 1);
});
