import assert from "node:assert/strict";
import { test } from "node:test";
import { CONDITION_TYPES, CONDITIONS } from "../../agent/board/condition-types.ts";

test("causes come before consequences, so that no condition explains itself", () => {
  for (const [index, type] of CONDITION_TYPES.entries())
    for (const cause of CONDITIONS[type].dependsOn) {
      const place = (CONDITION_TYPES as readonly string[]).indexOf(cause);
      assert.ok(place >= 0 && place < index, `${type} depends on ${cause}`);
    }
});

test("the node is ready by conditions that the cluster would notice", () => {
  for (const type of ["KubeletRunning", "NodeReady", "RuntimeReady"] as const) assert.ok(CONDITIONS[type].isCritical);
});
