import assert from "node:assert/strict";
import { test } from "node:test";
import { filteredFirst } from "../../../agent/admin/lambda/regions.ts";

test("a region without rules is the last choice, and one when there is no other", () => {
  assert.deepEqual(filteredFirst(["europe-central-1", "us-south-1", "us-west-1"]), [
    "europe-central-1",
    "us-west-1",
    "us-south-1",
  ]);
  assert.deepEqual(filteredFirst(["us-south-1"]), ["us-south-1"]);
});
