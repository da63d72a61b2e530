// Every link that stays within the repository leads to something: offline, so that it can run everywhere.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { listPages, readPage, TOP } from "./markdown.ts";

const PAGES = listPages();
const isElsewhere = (target: string) => /^[a-z][a-z0-9+.-]*:/i.test(target);

/** Why a link leads nowhere; undefined when it does not. */
function problemOf(page: string, target: string): string | undefined {
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? page : normalize(join(dirname(page), decodeURIComponent(file)));
  if (path.startsWith("..")) return "is outside of the repository";
  if (!existsSync(join(TOP, path))) return `there is no ${path}`;
  if (anchor === undefined || !path.endsWith(".md")) return undefined;
  const anchors = readPage(path).headings.map((heading) => heading.anchor);
  return anchors.includes(anchor) ? undefined : `${path} has no heading #${anchor}`;
}

test("there are pages, and links between them", () => {
  assert.ok(PAGES.includes("README.md") && PAGES.includes("docs/README.md"));
  assert.ok(PAGES.flatMap((page) => readPage(page).links).length > 100);
});

for (const page of PAGES) {
  test(`${page}: every relative link and anchor resolves`, () => {
    const dead = readPage(page)
      .links.filter(({ target }) => !isElsewhere(target))
      .map(({ target, line }) => ({ line, target, problem: problemOf(page, target) }))
      .filter(({ problem }) => problem !== undefined)
      .map(({ line, target, problem }) => `${page}:${line}: (${target}): ${problem}`);
    assert.deepEqual(dead, []);
  });
}

test("docs/README.md, the map, leads to every page of docs/", () => {
  const linked = readPage("docs/README.md").links.map(({ target }) =>
    normalize(join("docs", target.split("#")[0] ?? "")),
  );
  const decisions = readPage("docs/decisions/README.md").links.map(({ target }) =>
    normalize(join("docs/decisions", target)),
  );
  const all = [...linked, ...decisions, "docs/README.md"];
  assert.deepEqual(
    PAGES.filter((page) => page.startsWith("docs/") && !all.includes(page)),
    [],
    "pages that no reader finds",
  );
});
