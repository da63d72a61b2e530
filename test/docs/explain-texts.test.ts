// What `eks-satellite explain` says of reasons is the troubleshooting page, and all of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CONDITION_TYPES } from "../../agent/board/condition-types.ts";
import { TEXTS } from "../../agent/explain/texts.ts";
import { renderExplainTexts } from "../../scripts/docs/explain-texts.ts";
import { readTroubleshooting } from "../../scripts/docs/troubleshooting.ts";
import { EXPLAIN_TEXTS } from "../../scripts/render-docs.ts";
import { readPage, TOP } from "./markdown.ts";

const HEAD = "# Configuration and the machine\n\n**Ask:** An administrator.\n\n";

test("agent/explain/texts.json is what the page and the sources render", () => {
  const text = readFileSync(join(TOP, EXPLAIN_TEXTS), "utf8");
  assert.equal(text, renderExplainTexts(), "run node scripts/render-docs.ts");
});

test("every heading of a reason in the page is explained, and names conditions that there are", () => {
  const { headings } = readPage("docs/troubleshooting/README.md");
  const first = headings.findIndex(({ text }) => text === "Configuration and the machine");
  const named = headings.slice(first).filter(({ level }) => level > 1);
  assert.ok(named.length > 200);
  assert.deepEqual(
    TEXTS.reasons.map(({ name }) => name),
    named.map(({ text }) => text),
  );
  const known: readonly string[] = CONDITION_TYPES;
  for (const { name, on } of TEXTS.reasons) for (const type of on) assert.ok(known.includes(type), `${name}: ${type}`);
});

test("no link, no bold face and no line break of the page is left for a terminal", () => {
  for (const { name, cause, todo = "", ask = "", more = "" } of TEXTS.reasons)
    for (const text of [cause, todo, ask, more]) assert.doesNotMatch(text, /\]\(|\*\*|\n/, name);
});

test("a reason is read: where it stands, its cause, what to do, whom to ask, what shows more", () => {
  const page = `${HEAD}## DiskOdd\n\nOn \`DiskAvailable\`, \`ConfigInSync\`. A [disk](#disk) of\n10.5 GB is odd.\n\n- **Do:** mend\n  it\n- **More:** \`df\`\n`;
  assert.deepEqual(readTroubleshooting(page), [
    {
      name: "DiskOdd",
      section: "Configuration and the machine",
      on: ["DiskAvailable", "ConfigInSync"],
      cause: "A disk of 10.5 GB is odd.",
      todo: "Mend it.",
      ask: "An administrator.",
      more: "`df`",
    },
  ]);
});

test("an entry may name another to ask than its section does", () => {
  const page = `${HEAD}## One\n\nText.\n\n- **Do:** It.\n- **Ask:** The provider.\n`;
  assert.equal(readTroubleshooting(page)[0]?.ask, "The provider.");
});

const BROKEN: readonly (readonly [what: string, page: string, message: RegExp])[] = [
  ["an entry without a remedy", `${HEAD}## One\n\nText.\n`, /One says neither/],
  ["an entry without a text", `${HEAD}## One\n\n- **Do:** It.\n`, /One has no text/],
  ["a section that names no one to ask", `# Configuration and the machine\n\n## One\n`, /does not say whom to ask/],
  ["a page without its sections", "# Else\n", /there is no section/],
];
for (const [what, page, message] of BROKEN)
  test(`${what} is refused, by its name`, () => {
    assert.throws(() => readTroubleshooting(page), message);
  });
