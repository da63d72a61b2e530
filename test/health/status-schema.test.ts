import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { CONDITIONS } from "../../agent/board/condition-types.ts";
import { renderStatusSchema } from "../../scripts/render-status-schema.ts";

test("status.schema.json is what the schema renders", () => {
  const file = new URL("../../agent/health/status.schema.json", import.meta.url);
  assert.equal(readFileSync(file, "utf8"), renderStatusSchema(), "run node scripts/render-status-schema.ts");
});

const readReference = (name: string) => readFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), "utf8");

test("docs/reference documents every condition and every metric", () => {
  const conditions = readReference("conditions.md");
  for (const [type, { trueWhen }] of Object.entries(CONDITIONS))
    assert.ok(conditions.includes(`| \`${type}\` | ${trueWhen} |`), `${type} is not in conditions.md, or otherwise`);
  const metrics = readReference("metrics.md");
  const agent = new URL("../../agent/", import.meta.url).pathname;
  const source = globSync("**/*.ts", { cwd: agent })
    .map((name) => readFileSync(agent + name, "utf8"))
    .join("");
  const named = [...source.matchAll(/family\(\s*"\w+",\s*"(\w+)"/g)].map(([, name]) => `eks_satellite_${name}`);
  assert.ok(named.length > 20);
  for (const name of named) assert.ok(metrics.includes(`| \`${name}\` |`), `${name} is not in metrics.md`);
});
