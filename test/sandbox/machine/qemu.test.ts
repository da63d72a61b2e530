import assert from "node:assert/strict";
import { test } from "node:test";
import { addressesOf } from "../addresses.ts";
import { qemuCommand } from "./qemu.ts";

const place = { folder: "/sandbox", addresses: addressesOf(3, "direct") };
const commandOf = (arch: "amd64" | "arm64") =>
  qemuCommand(place, { base: "/base", arch, accelerator: "tcg" }).join(" ");

test("each processor has its own QEMU, machine and console", () => {
  assert.match(commandOf("amd64"), /qemu-system-x86_64 -machine q35 -accel tcg\S* -cpu Nehalem .*console=ttyS0 root=/);
  assert.match(
    commandOf("arm64"),
    /qemu-system-aarch64 -machine virt -accel tcg\S* -cpu cortex-a72 .*console=ttyAMA0 root=/,
  );
});

test("disk and cards do not depend on the processor", () => {
  const devices = (command: string) => command.slice(command.indexOf("-drive"));
  assert.equal(devices(commandOf("arm64")), devices(commandOf("amd64")));
});
