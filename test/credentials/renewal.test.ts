import assert from "node:assert/strict";
import { test } from "node:test";
import { ageOf, isDue, isOlder, planRenewal } from "../../agent/credentials/renewal.ts";
import { Secret } from "../../agent/secret.ts";
import { MemoryClock } from "../fakes/memory-clock.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const YEAR_MS = 365 * 24 * HOUR_MS;
/** Clocks that are set while keys of an hour are in use. */
const JUMPS_MS = [-10 * YEAR_MS, -HOUR_MS, HOUR_MS, 30 * 24 * HOUR_MS, 10 * YEAR_MS];

const keysUntil = (expiresAtMs: number | undefined) => ({
  ...{ accessKeyId: "AKID", secretAccessKey: new Secret("s"), sessionToken: new Secret("t") },
  expiresAtMs,
});

test("keys of an hour are renewed after 40 minutes, and at the latest then when the clock is set meanwhile", () => {
  for (const jumpMs of [0, ...JUMPS_MS]) {
    const clock = new MemoryClock();
    const renewal = planRenewal(keysUntil(clock.now() + HOUR_MS), clock, 2 / 3);
    assert.equal(isDue(renewal, clock), false);
    clock.set(jumpMs);
    clock.jump(40 * MINUTE_MS);
    assert.equal(isDue(renewal, clock), true, `set by ${jumpMs} ms`);
  }
});

test("keys that come while the clock is wrong are renewed in their life once it is right", () => {
  for (const wrongByMs of JUMPS_MS) {
    const clock = new MemoryClock();
    const endsAtMs = clock.now() + HOUR_MS;
    clock.set(wrongByMs);
    const renewal = planRenewal(keysUntil(endsAtMs), clock, 2 / 3);
    clock.set(-wrongByMs);
    clock.jump(HOUR_MS);
    assert.equal(isDue(renewal, clock), true, `wrong by ${wrongByMs} ms`);
  }
});

test("keys that ended while the machine slept are due at once", () => {
  const clock = new MemoryClock();
  const renewal = planRenewal(keysUntil(clock.now() + HOUR_MS), clock, 2 / 3);
  clock.set(8 * HOUR_MS);
  assert.equal(isDue(renewal, clock), true);
});

test("keys without an end are read again after a share of a quarter of an hour, whatever the time of day", () => {
  const clock = new MemoryClock();
  const renewal = planRenewal(keysUntil(undefined), clock, 2 / 3);
  clock.set(-10 * YEAR_MS);
  clock.jump(10 * MINUTE_MS - 1);
  assert.equal(isDue(renewal, clock), false);
  clock.jump(1);
  assert.equal(isDue(renewal, clock), true);
});

test("a token is as old as the older of both clocks says; one from the future is too old", () => {
  const clock = new MemoryClock();
  const token = {
    ...{ value: new Secret("k8s-aws-v1"), expiresAtMs: clock.now() + 14 * MINUTE_MS },
    ...{ mintedAtMs: clock.now(), mintedMs: clock.monotonic() },
  };
  const isOld = () => isOlder(ageOf(token, clock), 5 * MINUTE_MS);
  assert.equal(isOlder(ageOf(undefined, clock), 5 * MINUTE_MS), true);
  assert.equal(isOld(), false);
  clock.set(8 * HOUR_MS);
  assert.equal(isOld(), true, "the machine slept");
  clock.set(-8 * HOUR_MS - 1);
  assert.equal(isOld(), true, "the clock was set back");
  clock.set(1);
  clock.jump(5 * MINUTE_MS);
  clock.set(-5 * MINUTE_MS);
  assert.equal(isOld(), true, "time has passed, though the clock says the same");
});
