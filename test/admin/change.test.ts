import assert from "node:assert/strict";
import { test } from "node:test";
import { diffOf, pretty } from "../../agent/admin/change.ts";

test("a diff names an absent side /dev/null, and has no trailing tabs", () => {
  assert.equal(diffOf("a file", undefined, "one\n"), "--- /dev/null\n+++ a file\n@@ -0,0 +1,1 @@\n+one\n");
  assert.match(diffOf("a file", "one\n", undefined), /^--- a file\n\+\+\+ \/dev\/null\n@@ .*\n-one\n$/);
});

test("a diff of two texts shows the change with three lines of context", () => {
  const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  const diff = diffOf("list", before, before.replace("5\n", "five\n"));
  assert.equal(diff, "--- list\n+++ list\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
});

test("a document is indented and ends with a newline, so that it is compared line by line", () => {
  assert.equal(pretty({ a: [1] }), '{\n  "a": [\n    1\n  ]\n}\n');
});
