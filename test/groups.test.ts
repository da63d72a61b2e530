import assert from "node:assert/strict";
import { test } from "node:test";
import { groupFiles } from "./groups.ts";

const PURE = 'import { test } from "node:test";\ntest("a", () => {});\n';

function group(texts: Readonly<Record<string, string>>) {
  const { groups, alone } = groupFiles(Object.keys(texts), (file) => texts[file] ?? "");
  return { groups: [...groups], alone };
}

test("the files of one folder run in one process, and one that is by itself stays so", () => {
  const { groups, alone } = group({ "test/a/1.test.ts": PURE, "test/a/2.test.ts": PURE, "test/b/3.test.ts": PURE });
  assert.deepEqual(groups, [["test-a-1", ["test/a/1.test.ts", "test/a/2.test.ts"]]]);
  assert.deepEqual(alone, ["test/b/3.test.ts"]);
});

test("a large folder is several groups of about one size", () => {
  const files = Array.from({ length: 25 }, (_, index) => `test/a/${index}.test.ts`);
  const { groups, alone } = group(Object.fromEntries(files.map((file) => [file, PURE])));
  assert.deepEqual(
    groups.map(([name, members]) => [name, members.length]),
    [
      ["test-a-1", 9],
      ["test-a-2", 9],
      ["test-a-3", 7],
    ],
  );
  assert.deepEqual(groups.flatMap(([, members]) => members).toSorted(), files.toSorted());
  assert.deepEqual(alone, []);
});

test("hooks of a file, its programs, listeners and changes of the process are no other file's", () => {
  for (const line of [
    "before(async () => {});",
    "afterEach(() => {});",
    'import { spawn } from "node:child_process";',
    'import { execa } from "execa";',
    'import { createServer } from "node:net";',
    'import { mock } from "node:test";',
    'process.env.TZ = "UTC";',
    'process.chdir("/");',
    "process.umask(0);",
    'import { Lab } from "./real/lab.ts";',
    "const host = createLinuxHost();",
  ]) {
    const { groups, alone } = group({ "test/a/1.test.ts": `${line}\n${PURE}`, "test/a/2.test.ts": PURE });
    assert.deepEqual([groups, alone.length], [[], 2], line);
  }
  const { alone } = group({ "test/packaging/1.test.ts": PURE, "test/packaging/2.test.ts": PURE });
  assert.equal(alone.length, 2);
  const hooksOfATest = group({
    "test/a/1.test.ts": `test("a", (context) => {\n  context.after(() => {});\n});`,
    "test/a/2.test.ts": PURE,
  });
  assert.equal(hooksOfATest.groups.length, 1);
});
