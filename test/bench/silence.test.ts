import assert from "node:assert/strict";
import { test } from "node:test";
import { longestSilence } from "./silence.ts";

test("a silence is the longest time between two answers, and what of it lies after the fault's end is said", () => {
  const times = [1000, 1050, 1100, 3400, 3450, 4000];
  assert.deepEqual(longestSilence(times, 2000), { seconds: 2.3, afterFaultSeconds: 1.4 });
});

test("a silence that ends before the fault does has nothing after it", () => {
  assert.deepEqual(longestSilence([1000, 2000, 2050], 5000), { seconds: 1, afterFaultSeconds: 0 });
});
