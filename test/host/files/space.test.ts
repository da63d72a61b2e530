import assert from "node:assert/strict";
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { readSpace } from "../../../agent/host/files/space.ts";

test("a file system says what it has left; where nothing is there is no answer", async () => {
  const { totalBytes, availableBytes, isReadOnly } = await readSpace(tmpdir());
  assert.ok(totalBytes > availableBytes && availableBytes > 0);
  assert.equal(isReadOnly, false);
  await assert.rejects(readSpace(join(tmpdir(), "no-such-file-is-here")), { code: "ENOENT" });
});

const skip = process.getuid?.() === 0 ? false : "needs root, to mount a file system";

test("a file system that is mounted read-only says so, to root too", { skip }, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "eks-satellite-space-"));
  context.after(() => rmdir(folder));
  const ask = `import { readSpace } from ${JSON.stringify(join(import.meta.dirname, "../../../agent/host/files/space.ts"))};
    console.log((await readSpace(${JSON.stringify(folder)})).isReadOnly);`;
  const script = 'mount -t tmpfs -o ro tmpfs "$0"; exec "$1" --input-type=module --eval "$2"';
  const inside = ["--mount", "--", "/bin/sh", "-ec", script, folder, process.execPath, ask];
  assert.equal((await execa("unshare", inside)).stdout, "true");
});
