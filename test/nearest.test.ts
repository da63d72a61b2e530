import assert from "node:assert/strict";
import { test } from "node:test";
import { findNearest } from "../agent/nearest.ts";

test("the nearest known word is found, whatever its case", () => {
  const known = ["maxPods", "flags", "path"];
  for (const [word, nearest] of [
    ["maxPod", "maxPods"],
    ["MAXPODS", "maxPods"],
    ["flgas", "flags"],
  ] as const)
    assert.equal(findNearest(word, known), nearest);
});

test("a word that resembles none, is very long, or has nothing to resemble, has no nearest", () => {
  assert.equal(findNearest("resources", ["path"]), undefined);
  assert.equal(findNearest("p".repeat(1_000_000), ["path"]), undefined);
  assert.equal(findNearest("path", []), undefined);
  assert.equal(findNearest("us-xxst-1", ["us-east-1"], 1), undefined);
});
