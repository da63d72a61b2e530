import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { longestFirst } from "./run.ts";
import { waitFor } from "./sandbox/wait.ts";

const RUNNER = join(import.meta.dirname, "run.ts");

test("files of the last table begin in its order, and those that it has not after them", () => {
  assert.deepEqual(longestFirst(["a", "b", "c", "d"], ["c", "gone", "b"]), ["c", "b", "a", "d"]);
  assert.deepEqual(longestFirst(["a", "b"], []), ["a", "b"]);
});

test("a run leaves a table by which the next one begins, and fails when a test does, or a file that cannot be read", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "run-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, body: string) =>
    writeFileSync(join(folder, name), `import { test } from "node:test";\n${body}\n`);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const runFiles = (...files: string[]) =>
    spawnSync(process.execPath, [RUNNER, "--table=times.md", ...files], { cwd: folder, env, encoding: "utf8" });
  const order = (text: string) => Array.from(text.matchAll(/^[✔✖] (\w+) /gm), ([, name]) => name);

  write("a.test.mjs", 'test("quick", () => undefined);');
  write("b.test.mjs", 'test("slow", () => new Promise((resolve) => setTimeout(resolve, 700)));');
  const first = runFiles("a.test.mjs", "b.test.mjs");
  assert.equal(first.status, 0, first.stdout + first.stderr);
  assert.match(first.stdout, /^ℹ pass 2$/m);
  assert.deepEqual(order(first.stdout), ["quick", "slow"]);
  assert.match(
    readFileSync(join(folder, "times.md"), "utf8"),
    /^\| \d+\.\d \| b\.test\.mjs \|\n\| \d+\.\d \| a\.test\.mjs \|$/m,
  );
  assert.deepEqual(order(runFiles("a.test.mjs", "b.test.mjs").stdout), ["slow", "quick"]);

  write("a.test.mjs", 'test("quick", () => { throw new Error("no"); });');
  assert.equal(runFiles("a.test.mjs", "b.test.mjs").status, 1);
  write("a.test.mjs", "this is no program");
  const broken = runFiles("a.test.mjs", "b.test.mjs");
  assert.equal(broken.status, 1);
  assert.match(broken.stdout + broken.stderr, /SyntaxError/);
});

test("a runner that is ended fails, and ends the files that run", { timeout: 60_000 }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "run-"));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, "long.test.mjs"),
    'import { writeFileSync } from "node:fs"; writeFileSync("pid", String(process.pid)); setInterval(() => undefined, 1000);\n',
  );
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const runner = spawn(process.execPath, [RUNNER, "--table=times.md", "long.test.mjs"], { cwd: folder, env });
  const pid = await waitFor({ what: "the file to run", deadlineMs: 30_000 }, async () =>
    Number(readFileSync(join(folder, "pid"), "utf8")),
  );
  runner.kill("SIGTERM");
  const [exitCode] = await once(runner, "exit");
  assert.equal(exitCode, 1);
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
});
