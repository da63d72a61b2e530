// Words for the shell at the other end of ssh, against a shell.
import assert from "node:assert/strict";
import { test } from "node:test";
import { execa } from "execa";
import { quote } from "./ssh.ts";

test("a shell reads back every word as it was", async () => {
  const words = ["plain", "", "two words", "it's", `"$HOME" \\ \`id\` #`, "a\nb", "*"];
  const { stdout } = await execa("/bin/sh", ["-c", `printf '%s\\0' ${words.map(quote).join(" ")}`]);
  assert.deepEqual(stdout.split("\0").slice(0, -1), words);
});
