import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { mountPoints, removeTree } from "../../agent/host/remove-tree.ts";

test("the kernel's list of mounts is read with the names that it escapes", () => {
  const line = (point: string) => `36 35 98:0 / ${point} rw shared:1 - ext4 /dev/root rw`;
  assert.deepEqual(mountPoints(`${line("/")}\n${line("/a\\040b\\134c")}\n`), ["/", "/a b\\c"]);
});

const skip = process.getuid?.() === 0 ? false : "mounting needs root";

/** What is mounted is seen in a namespace of the test's own alone. */
test("nothing is removed where a folder is bound, there or below, and everything once it is unbound", {
  skip,
}, async (context) => {
  const root = mkdtempSync(join(tmpdir(), "tree-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  for (const name of ["tree/below", "source"]) mkdirSync(`${root}/${name}`, { recursive: true });
  writeFileSync(`${root}/source/kept`, "kept");
  const module = new URL("../../agent/host/remove-tree.ts", import.meta.url).pathname;
  const script = `
    const { removeTree } = await import(${JSON.stringify(module)});
    const { execFileSync } = await import("node:child_process");
    execFileSync("mount", ["--bind", "${root}/source", "${root}/tree/below"]);
    for (const path of ["${root}/tree", "${root}/tree/below"])
      console.log(await removeTree(path).then(() => "removed", ({ code }) => code));
    execFileSync("umount", ["${root}/tree/below"]);
    console.log(await removeTree("${root}/tree").then(() => "removed", ({ code }) => code));`;
  const { stdout } = await execa("unshare", ["--mount", process.execPath, "--input-type=module", "--eval", script]);
  assert.deepEqual(stdout.split("\n"), ["mounted-below", "mounted-below", "removed"]);
  assert.equal(readFileSync(`${root}/source/kept`, "utf8"), "kept");
});

test("what is not there is removed already", async () => {
  await removeTree("/nonexistent/eks-satellite");
});

test("a tree that is deeper than the longest path is removed: a pod can make one", async (context) => {
  const root = mkdtempSync(join(tmpdir(), "tree-"));
  context.after(() => execa("rm", ["-rf", root]));
  const deepen = `cd "$1"; for i in $(seq 60); do mkdir ${"d".repeat(100)} && cd -P ./${"d".repeat(100)} || exit 1; done; touch file`;
  await execa("bash", ["-c", deepen, "-", root]);
  await removeTree(root);
  assert.equal(existsSync(root), false);
});

test("names that are not UTF-8 are removed too: a pod can make them", async (context) => {
  const root = mkdtempSync(join(tmpdir(), "tree-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  await execa("bash", ["-c", `mkdir "$1"/$'\\xff' && touch "$1"/$'\\xff'/$'a\\xfe'`, "-", root]);
  await removeTree(root);
  assert.equal(existsSync(root), false);
});
