import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../agent/loop/backoff.ts";

const create = (random = () => 0) => new Backoff({ firstMs: 1000, maxMs: 60_000, resetAfterMs: 300_000, random });

test("the first wait is none, the others double up to the longest", () => {
  const backoff = create();
  const waits = Array.from({ length: 10 }, () => backoff.next(100));
  assert.deepEqual(waits, [0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  assert.equal(backoff.failures, 10);
});

test("what ran for a good while begins anew when it fails", () => {
  const backoff = create();
  for (let failure = 0; failure < 5; failure += 1) backoff.next(100);
  assert.equal(backoff.next(299_999), 16_000);
  assert.equal(backoff.next(300_000), 0);
  assert.equal(backoff.failures, 1);
});

test("a success begins anew", () => {
  const backoff = create();
  for (let failure = 0; failure < 5; failure += 1) backoff.next(100);
  backoff.reset();
  assert.deepEqual([backoff.failures, backoff.next(100), backoff.next(100)], [0, 0, 1000]);
});

test("chance shortens a wait by a half at most, so that machines do not come back together", () => {
  const waits = [0, 0.5, 0.98].map((share) => {
    const backoff = create(() => share);
    backoff.next(0);
    return backoff.next(0);
  });
  assert.deepEqual(waits, [1000, 750, 510]);
});

test("where many lose in one moment what was healthy, the first wait is by chance; one that never was healthy is none", () => {
  const options = { firstMs: 1000, maxMs: 60_000, spreadMs: 5000, resetAfterMs: 60_000 };
  const waits = [0, 0.5, 0.999].map((share) => {
    const backoff = new Backoff({ ...options, random: () => share });
    return [backoff.next(0), backoff.next(60_000), backoff.failures];
  });
  assert.deepEqual(waits, [
    [0, 0, 1],
    [0, 2500, 1],
    [0, 4995, 1],
  ]);
});

test("a thousand failures still wait no longer than the longest", () => {
  const backoff = create();
  for (let failure = 0; failure < 2000; failure += 1) backoff.next(0);
  assert.equal(backoff.next(0), 60_000);
});
