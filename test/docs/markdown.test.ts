import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksBelow, parsePage, slug } from "./markdown.ts";

const TEXT = `# A page
[one](other.md#there) and \`[none](code.md)\`
## First: \`make\` it, or not?
\`\`\`sh
# no heading
[no link](x.md)
\`\`\`
### Deeper
1. An item:

   \`\`\`
   run \\
     it
   \`\`\`
## First: \`make\` it, or not?
![picture](images/a.svg)
`;

test("headings, blocks and links are read, and what a fence holds is none of them", () => {
  const page = parsePage("a.md", TEXT);
  assert.deepEqual(
    page.headings.map(({ level, anchor }) => [level, anchor]),
    [
      [1, "a-page"],
      [2, "first-make-it-or-not"],
      [3, "deeper"],
      [2, "first-make-it-or-not-1"],
    ],
  );
  assert.deepEqual(page.links, [
    { target: "other.md#there", line: 2 },
    { target: "images/a.svg", line: 16 },
  ]);
});

test("the blocks below a heading are those of its deeper headings too, without the margin of their list", () => {
  assert.deepEqual(blocksBelow(parsePage("a.md", TEXT), "First: `make` it, or not?"), [
    "# no heading\n[no link](x.md)",
    "run \\\n  it",
  ]);
  assert.throws(() => blocksBelow(parsePage("a.md", TEXT), "Second"), /a\.md has no heading "Second"/);
});

test("an anchor is GitHub's", () => {
  assert.equal(slug("ECR, and `containerd.registries`: whose?"), "ecr-and-containerdregistries-whose");
  assert.equal(slug("[A link](b.md) in it"), "a-link-in-it");
  assert.equal(slug("kubelet_config – 2"), "kubelet_config--2");
});
