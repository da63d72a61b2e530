import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { renderTar } from "./tar.ts";

const archive = renderTar([
  { path: "bin/busybox", content: Buffer.from("program"), mode: 0o755 },
  { path: "bin/sh", linkTo: "busybox" },
  { path: "empty", content: Buffer.alloc(0) },
  { path: "whole-block", content: Buffer.alloc(512, "x") },
]);

test("tar(1) reads back names, modes and links", () => {
  const lines = execFileSync("tar", ["--list", "--verbose", "--file=-"], { input: archive }).toString().split("\n");
  assert.match(lines[0] ?? "", /^-rwxr-xr-x .* 7 .* bin\/busybox$/);
  assert.match(lines[1] ?? "", /^l.* bin\/sh -> busybox$/);
  assert.equal(lines.filter(Boolean).length, 4);
});

test("tar(1) reads back the content", () => {
  const extract = (path: string) =>
    execFileSync("tar", ["--extract", "--to-stdout", "--file=-", path], { input: archive });
  assert.equal(extract("bin/busybox").toString(), "program");
  assert.equal(extract("whole-block").length, 512);
});

test("a path that does not fit is refused", () => {
  assert.throws(() => renderTar([{ path: "x".repeat(101) }]), RangeError);
});
