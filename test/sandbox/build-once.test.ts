import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { buildOnce } from "./build-once.ts";

function setUp(context: TestContext) {
  const top = mkdtempSync(join(tmpdir(), "build-once-"));
  context.after(() => rmSync(top, { recursive: true }));
  mkdirSync(join(top, "src/deep"), { recursive: true });
  writeFileSync(join(top, "src/a"), "a");
  writeFileSync(join(top, "src/deep/b"), "b");
  writeFileSync(join(top, "lock"), "1");
  const output = join(top, "out");
  const run = async () => writeFileSync(output, readFileSync(join(top, "src/a")));
  const build = () =>
    buildOnce({ inputs: [join(top, "src"), join(top, "lock")], outputs: [output], stamp: join(top, "stamp"), run });
  return { top, output, build };
}

test("the same again is not built", async (context) => {
  const { build } = setUp(context);
  assert.equal(await build(), true);
  assert.equal(await build(), false);
});

for (const [what, change] of [
  ["a source that is edited", (top: string) => writeFileSync(join(top, "src/deep/b"), "c")],
  ["a source that is new", (top: string) => writeFileSync(join(top, "src/c"), "")],
  ["a source that is gone", (top: string) => rmSync(join(top, "src/a"))],
  ["another lockfile", (top: string) => writeFileSync(join(top, "lock"), "2")],
  ["an output that another build made", (top: string) => writeFileSync(join(top, "out"), "other")],
  ["an output that is gone", (top: string) => rmSync(join(top, "out"))],
  [
    "a byte that moves from one file to the next",
    (top: string) => {
      writeFileSync(join(top, "src/a"), "");
      writeFileSync(join(top, "src/deep/b"), "ab");
    },
  ],
] as const)
  test(`${what} is built`, async (context) => {
    const { top, build } = setUp(context);
    await build();
    change(top);
    assert.equal(await build().catch(() => true), true);
  });

test("a build that fails is tried again", async (context) => {
  const { top, build } = setUp(context);
  await build();
  rmSync(join(top, "src/a"));
  await assert.rejects(build());
  await assert.rejects(build());
  writeFileSync(join(top, "src/a"), "a");
  assert.equal(await build(), false, "the last one that ended well is there");
});
