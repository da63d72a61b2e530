// docs/explanation/scale.md has the figures of the bench's last record: UPDATE_GOLDEN=1 writes them into the page.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { renderScale } from "../bench/fleet/scale.ts";

const PAGE = join(import.meta.dirname, "../../docs/explanation/scale.md");
const RECORD = join(import.meta.dirname, "../bench/fleet/last-run.jsonl");

test("the page's tables are those of the record", async () => {
  const page = await readFile(PAGE, "utf8");
  const tables = renderScale(await readFile(RECORD, "utf8"));
  const rendered = Object.entries(tables).reduce((text, [name, table]) => {
    const block = new RegExp(`<!-- ${name} -->\n[^]*?<!-- end -->`);
    assert.match(text, block, `the page has a place for ${name}`);
    return text.replace(block, () => `<!-- ${name} -->\n${table}\n<!-- end -->`);
  }, page);
  if (process.env.UPDATE_GOLDEN === "1") await writeFile(PAGE, rendered);
  else assert.equal(page, rendered, "render it: UPDATE_GOLDEN=1 node --test test/docs/scale.test.ts");
});
