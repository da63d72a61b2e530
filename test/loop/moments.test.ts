import assert from "node:assert/strict";
import { test } from "node:test";
import { Moments } from "../../agent/loop/moments.ts";

function setUp(chance: number) {
  const nowMs = 5000;
  const moments = new Moments({ monotonic: () => nowMs, random: () => chance });
  /** When the first round of a loop is due whose time begins now, from the first of them. */
  const firstMs = (periodSeconds: number) => periodSeconds * 1000 * (1 - moments.firstShare(periodSeconds));
  return { moments, firstMs };
}

test("the rounds of each 10 s, 30 s and 60 s meet at moments that chance gives a daemon", () => {
  for (const [chance, expected] of [
    [0, [10_000, 30_000, 60_000]],
    [0.02, [2000, 12_000, 12_000]],
    [0.09, [4000, 24_000, 54_000]],
  ] as const) {
    const { firstMs } = setUp(chance);
    assert.deepEqual(
      [10, 30, 60].map((seconds) => Math.round(firstMs(seconds))),
      expected,
    );
  }
});

test("a period that changes ends 0.2 s after the moment that is nearest to its length", () => {
  const { moments, firstMs } = setUp(0.02);
  firstMs(10);
  for (const [lastMs, expected] of [
    [12_202, 22_200],
    [12_000, 22_200],
    [16_900, 22_200],
    [17_300, 32_200],
  ] as const)
    assert.equal(moments.nextMs(5000 + lastMs, 10_000), 5000 + expected);
});

test("a short period is exact, and so is every one before the first loop began", () => {
  const { moments, firstMs } = setUp(0.02);
  assert.equal(moments.nextMs(7000, 10_000), 17_000);
  firstMs(10);
  assert.equal(moments.nextMs(7000, 2500), 9500);
});

test("work that is rarer than each ten minutes has a chance of its own each", () => {
  const chances = [0.3, 0.1, 0.7];
  const moments = new Moments({ monotonic: () => 0, random: () => chances.shift() ?? 1 });
  assert.deepEqual([moments.firstShare(3600), moments.firstShare(86_400)], [0.1, 0.7]);
});
