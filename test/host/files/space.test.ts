import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { readSpace } from "../../../agent/host/files/space.ts";

test("a file system says what it has left, and whether it takes writes", async () => {
  const { totalBytes, availableBytes, isReadOnly } = await readSpace(tmpdir());
  assert.ok(totalBytes > availableBytes && availableBytes > 0);
  assert.equal(isReadOnly, false);
  await assert.rejects(readSpace("/proc/no-such-file"), { code: "ENOENT" });
});
