// The blocks that end-to-end tests run are where those tests look for them; which takes no sandbox to see.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type BlockName, documentedBlocks, EXECUTED } from "../e2e/documented-blocks.ts";
import { blocksBelow, readPage, TOP } from "./markdown.ts";

const NAMES = Object.keys(EXECUTED) as BlockName[];

for (const name of NAMES) {
  const { page, heading, words } = EXECUTED[name];
  test(`${page}, "${heading}": the blocks are there, with every word that a test replaces`, () => {
    const marks = Object.fromEntries(words.map((word, index) => [word, `<${index}>`]));
    const text = documentedBlocks(name, marks).join("\n");
    for (const [index, word] of words.entries()) {
      assert.ok(text.includes(`<${index}>`), `${word} is replaced`);
      assert.ok(!text.includes(word), `nothing of ${word} is left`);
    }
  });
}

test("each of them is run by an end-to-end test", () => {
  const sources = globSync("test/e2e/**/*.test.ts", { cwd: TOP }).map((path) => readFileSync(join(TOP, path), "utf8"));
  for (const name of NAMES)
    assert.ok(
      sources.some((text) => text.includes(`("${name}", `)),
      `${name} is run by none`,
    );
});

test("a word that is not in the table is refused", () => {
  assert.throws(() => documentedBlocks("upgrade", { "my-cluster": "other" }), /my-cluster is not a word/);
});

test("the tutorial shows the commands that are run, not others", () => {
  const tutorial = blocksBelow(readPage("docs/tutorials/first-node.md"), "First node");
  const [letIn = ""] = documentedBlocks("letIn", {});
  for (const block of [letIn, ...documentedBlocks("install", {})])
    assert.ok(tutorial.includes(block), `docs/tutorials/first-node.md lacks the block\n${block}`);
  assert.ok(blocksBelow(readPage("README.md"), "1. On your laptop").includes(letIn), "README.md, 1. On your laptop");
});
