// The daemon's program, as main.ts loads it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { EXIT } from "../../agent/commands/program/exit.ts";

const DAEMON = fileURLToPath(new URL("../../agent/programs/daemon.ts", import.meta.url));

const start = (...words: readonly string[]) =>
  spawnSync(process.execPath, [DAEMON, ...words], { encoding: "utf8", timeout: 30_000 });

test("the daemon's program is `run`, with its options and its errors", () => {
  const help = start("run", "--help");
  assert.equal(help.status, 0);
  assert.match(help.stdout, /^Usage: eks-satellite run \[options\]\n[\s\S]*--log-level <level>/);
  const { status, stderr } = start("run", "--config", "/nonexistent/config.yaml");
  assert.equal(status, EXIT.failed);
  assert.match(stderr, /there is no configuration at \/nonexistent\/config\.yaml|needs root/);
});

test("it knows no other command: those are in another program", () => {
  const { status, stderr } = start("version");
  assert.equal(status, EXIT.usage);
  assert.match(stderr, /unknown command 'version'/);
});
