import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readWithStatus } from "../../../agent/host/files/read.ts";

function scratch(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "es-read-"));
  context.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "file");
}

test("a small file takes little memory, whatever it may have", async (context) => {
  const path = scratch(context);
  writeFileSync(path, "small");
  const allocated: number[] = [];
  for (const method of ["alloc", "allocUnsafe"] as const) {
    const original = Buffer[method].bind(Buffer);
    context.mock.method(Buffer, method, (size: number) => {
      allocated.push(size);
      return original(size);
    });
  }
  assert.equal((await readWithStatus(path, 2 ** 20)).text, "small");
  assert.ok(Math.max(...allocated) < 10_000, `${allocated} bytes`);
});

test("every size around the first buffer and the bound is read whole, or refused", async (context) => {
  const path = scratch(context);
  for (const size of [0, 1, 4095, 4096, 4097, 9999, 10_000]) {
    writeFileSync(
      path,
      "é"
        .repeat(size)
        .slice(0, size / 2)
        .padEnd(size / 2, "x"),
    );
    const { text, status } = await readWithStatus(path, 10_000);
    assert.equal(Buffer.byteLength(text), status.sizeBytes);
  }
  appendFileSync(path, "x".repeat(2));
  await assert.rejects(readWithStatus(path, 10_000), /more than 10000 bytes/);
});

test("a file that says no size is read to its end, and no further than the bound", async () => {
  const { text, status } = await readWithStatus("/proc/self/status", 100_000);
  assert.equal(status.sizeBytes, 0);
  assert.match(text, /^Name:/);
  const longest = "/proc/kallsyms"; // Megabytes.
  await assert.rejects(readWithStatus(longest, 50_000), /more than 50000 bytes/);
  assert.ok((await readWithStatus(longest, 2 ** 26)).text.length > 100_000);
});
