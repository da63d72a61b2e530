import assert from "node:assert/strict";
import { test } from "node:test";
import { shortageOf } from "../../agent/facts/disk-space.ts";

const ROOMY = { totalBytes: 1000, availableBytes: 500, totalInodes: 1000, freeInodes: 500 };

test("a file system lacks space below a tenth of its size, and not at a tenth", () => {
  assert.equal(shortageOf({ ...ROOMY, availableBytes: 100 }), undefined);
  assert.equal(shortageOf({ ...ROOMY, availableBytes: 99 }), "space");
});

test("a file system lacks inodes below a twentieth of them, and not at a twentieth", () => {
  assert.equal(shortageOf({ ...ROOMY, freeInodes: 50 }), undefined);
  assert.equal(shortageOf({ ...ROOMY, freeInodes: 49 }), "inodes");
});

test("a file system that counts no inodes lacks none", () => {
  assert.equal(shortageOf({ ...ROOMY, totalInodes: 0, freeInodes: 0 }), undefined);
});

test("a lack of space is reported before a lack of inodes", () => {
  assert.equal(shortageOf({ totalBytes: 1000, availableBytes: 0, totalInodes: 1000, freeInodes: 0 }), "space");
});
