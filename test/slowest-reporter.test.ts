import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const REPORTER = join(import.meta.dirname, "slowest-reporter.ts");

test("node's own runner hands it the times: tests and files, the slowest first", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "slowest-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const head =
    'import { test, before } from "node:test"; import { setTimeout as sleep } from "node:timers/promises";\n';
  writeFileSync(join(folder, "a.test.mjs"), `${head}test("quick", () => undefined);\n`);
  writeFileSync(
    join(folder, "b.test.mjs"),
    `${head}before(() => sleep(1500));\ntest("slow", () => sleep(600));\ntest("broken", async () => { await sleep(100); throw new Error("no"); });\n`,
  );
  const out = join(folder, "times");
  const args = [
    "--test",
    `--test-reporter=${REPORTER}`,
    `--test-reporter-destination=${out}`,
    "a.test.mjs",
    "b.test.mjs",
  ];
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  await assert.rejects(promisify(execFile)(process.execPath, args, { cwd: folder, env }));
  const [files = "", tests = ""] = readFileSync(out, "utf8").split("\n\n");
  assert.match(
    files,
    /^\| seconds \| file \|\n\| ---: \| --- \|\n\| [2-9]\.\d \| b\.test\.mjs \|\n\| \d+\.\d \| a\.test\.mjs \|$/,
  );
  assert.match(
    tests,
    /^\| seconds \| test \|\n\| ---: \| --- \|\n\| \d\.\d \| slow \|\n\| 0\.\d \| broken \|\n\| 0\.\d \| quick \|\n$/,
  );
});
