// The program of every command but the daemon's, as main.ts loads it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { EXIT } from "../../agent/commands/program/exit.ts";
import { VERSION } from "../../agent/version.ts";

const COMMANDS = fileURLToPath(new URL("../../agent/programs/commands.ts", import.meta.url));

const start = (...words: readonly string[]) =>
  spawnSync(process.execPath, [COMMANDS, ...words], { encoding: "utf8", timeout: 30_000 });

test("a command of the machine runs, and an administrator's", () => {
  assert.deepEqual([start("version").status, start("version").stdout], [0, `${VERSION}\n`]);
  const { status, stdout } = start("node-name", "--ip", "10.0.2.27", "--region", "us-east-1");
  assert.deepEqual([status, stdout.startsWith("fargate-ip-10-0-2-27.")], [0, true]);
});

test("`run` is in its help, and the daemon is not in it: who types something before `run` is told so", () => {
  assert.match(start("--help").stdout, /^ {2}run \[options\] /m);
  const { status, stderr } = start("--", "run");
  assert.equal(status, EXIT.usage);
  assert.match(stderr, /'run' is to be the first word: eks-satellite run/);
});
