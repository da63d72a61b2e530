import assert from "node:assert/strict";
import { test } from "node:test";
import { architectureOf } from "../processor.ts";
import { renderRegistration } from "./binfmt.ts";

test("the kernel is given what programs of arm64 begin with, and an emulator that works below a chroot", () => {
  const line = renderRegistration("ours", architectureOf("arm64"));
  const [, name, type, offset, magic = "", mask = "", program, flags] = line.split(":");
  assert.deepEqual([name, type, offset, program, flags], ["ours", "M", "", "/usr/bin/qemu-aarch64-static", "F"]);
  const bytes = (text: string) => Buffer.from(text.replace("ELF", "\\x45\\x4c\\x46").replaceAll("\\x", ""), "hex");
  assert.equal(bytes(magic).length, 20);
  assert.equal(bytes(mask).length, 20);
  const matches = (header: Buffer) =>
    bytes(magic).every((byte, at) => ((header[at] ?? 0) & (bytes(mask)[at] ?? 0)) === (byte & (bytes(mask)[at] ?? 0)));
  const headerOf = (elfType: number, machine: number) =>
    Buffer.concat([Buffer.from("\x7fELF\x02\x01\x01"), Buffer.alloc(9), Buffer.from([elfType, 0, machine, 0])]);
  assert.ok(matches(headerOf(2, 0xb7)), "a program");
  assert.ok(matches(headerOf(3, 0xb7)), "a program at any address");
  assert.ok(!matches(headerOf(3, 0x3e)), "a program of x86-64");
  assert.ok(!matches(headerOf(1, 0xb7)), "an object file");
});
