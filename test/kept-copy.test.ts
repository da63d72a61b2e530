import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { copyKept } from "./kept-copy.ts";

const cache = mkdtempSync(join(tmpdir(), "kept-copy-"));
process.env.EKS_SATELLITE_CACHE = cache;
after(() => rmSync(cache, { recursive: true }));

let made = 0;
const make = async (folder: string) => {
  made += 1;
  mkdirSync(folder);
  writeFileSync(join(folder, "program"), "whole", { mode: 0o755 });
};

test("it is made once; each copy is whole, and a copy's change is its own", async () => {
  const output = mkdtempSync(join(tmpdir(), "kept-copy-"));
  await copyKept("a", join(output, "1"), make);
  writeFileSync(join(output, "1/program"), "spoiled");
  await copyKept("a", join(output, "2"), make);
  assert.equal(readFileSync(join(output, "2/program"), "utf8"), "whole");
  assert.equal(made, 1);
  await copyKept("b", join(output, "3"), make);
  assert.equal(made, 2);
  rmSync(output, { recursive: true });
});

test("one that fails leaves nothing, and two at once leave one", async () => {
  const output = mkdtempSync(join(tmpdir(), "kept-copy-"));
  await assert.rejects(
    copyKept("c", join(output, "1"), () => Promise.reject(new Error("no disk"))),
    /no disk/,
  );
  await Promise.all(["1", "2"].map((name) => copyKept("c", join(output, name), make)));
  for (const name of ["1", "2"]) assert.deepEqual(readdirSync(join(output, name)), ["program"]);
  const [tree = ""] = readdirSync(join(cache, "test-releases"));
  assert.deepEqual(readdirSync(join(cache, "test-releases", tree)).toSorted(), ["a", "b", "c"]);
  rmSync(output, { recursive: true });
});

test("what was not used for a day is removed", async () => {
  const output = mkdtempSync(join(tmpdir(), "kept-copy-"));
  const old = join(cache, "test-releases/0123456789abcdef");
  mkdirSync(join(old, "a"), { recursive: true });
  utimesSync(old, new Date(), new Date(Date.now() - 25 * 3_600_000));
  await copyKept("a", join(output, "1"), make);
  assert.equal(readdirSync(join(cache, "test-releases")).length, 1);
  rmSync(output, { recursive: true });
});
