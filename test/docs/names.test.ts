// Names of the program that the pages use exist: checks, metrics, options of the installer.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CHECKS } from "../../agent/commands/check.ts";
import { listGatewayMetrics } from "../../scripts/docs/configuration.ts";
import { listMetrics } from "../../scripts/docs/sample-metrics.ts";
import { listPages, TOP } from "./markdown.ts";

const read = (path: string) => readFileSync(join(TOP, path), "utf8");
const pages = listPages()
  .filter((page) => page !== "CHANGELOG.md")
  .map((page) => ({ page, text: read(page) }));

/** Every occurrence of a pattern in the pages, as `page: word`, whose word is not known. */
function unknownWords(pattern: RegExp, isKnown: (word: string) => boolean): readonly string[] {
  return pages.flatMap(({ page, text }) =>
    Array.from(text.matchAll(pattern), ([, words = ""]) => words.trim().split(/\s+/))
      .flat()
      .filter((word) => !isKnown(word))
      .map((word) => `${page}: ${word}`),
  );
}

test("each check that a page names with --only is one", () => {
  const names: readonly string[] = CHECKS.map(({ name }) => name);
  const pattern = /check --only ((?:[a-z][a-z,-]+(?: (?=[a-z]))?)+)(?=[`\n])/g;
  assert.ok(pages.some(({ text }) => pattern.test(text)));
  assert.deepEqual(
    unknownWords(pattern, (word) => names.includes(word)),
    [],
  );
});

test("each metric that a page names is one", async () => {
  const metrics = [...(await listMetrics()), ...listGatewayMetrics()];
  const isKnown = (metric: string) => metrics.some(({ name }) => name === metric);
  assert.deepEqual(unknownWords(/\b(eks_satellite_[a-z_]+[a-z])\b/g, isKnown), []);
});

test("each option that a page gives to the installer is one of its own", () => {
  const installer = read("packaging/install.sh");
  const usage = installer.slice(installer.indexOf("usage: install.sh"), installer.indexOf("\nUSAGE\n"));
  const options = pages.flatMap(({ page, text }) =>
    Array.from(text.matchAll(/(?:install\.sh|bash -s --)((?:\\\n|[^`\n])*)/g), ([, line = ""]) => line)
      .flatMap((line) => line.match(/--[a-z][a-z0-9-]+/g) ?? [])
      .map((option) => ({ page, option })),
  );
  assert.ok(options.length > 10);
  assert.deepEqual(
    options.filter(({ option }) => !usage.includes(option)),
    [],
  );
});
