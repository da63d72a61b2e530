import assert from "node:assert/strict";
import { test } from "node:test";
import type { KnownFailure } from "./known.ts";
import type { Result } from "./results.ts";
import { judge, renderTable } from "./table.ts";

const result = (name: string, outcome: Result["outcome"], message = ""): Result => ({
  ...{ name, outcome, message },
  sig: name.split(" ")[0] ?? "",
  seconds: 1,
});

const RESULTS = [
  result("node Pods run", "passed"),
  result("node Pods end", "failed", "timed out\nafter all"),
  result("network DNS answers", "failed", "no answer"),
  result("network needs two nodes", "skipped", "one node"),
];
const KNOWN: readonly KnownFailure[] = [
  { test: "DNS answers", cause: "sandbox", why: "there is no resolver" },
  { test: "Pods run", cause: "image", why: "none can be made" },
];

test("a failure has its cause where it is known, and a known failure that passes is found", () => {
  const { failed, mended } = judge(RESULTS, KNOWN);
  assert.deepEqual(
    failed.map(({ result: { name }, known }) => [name, known?.cause]),
    [
      ["node Pods end", undefined],
      ["network DNS answers", "sandbox"],
    ],
  );
  assert.deepEqual(
    mended.map(({ test: name }) => name),
    ["Pods run"],
  );
});

test("the table has a row for each group, the groups together, and what to look at", () => {
  const text = renderTable(RESULTS, judge(RESULTS, KNOWN));
  assert.match(text, /^\| network \| 0 \| 1 \| 1 \|$/m);
  assert.match(text, /^\| node \| 1 \| 1 \| 0 \|$/m);
  assert.match(text, /^\| all \| 1 \| 2 \| 1 \|$/m);
  assert.match(text, /✗ node Pods end\n {4}not known: timed out\n/);
  assert.match(text, /– network DNS answers\n {4}sandbox: there is no resolver\n/);
  assert.match(text, /– network needs two nodes\n {4}skipped: one node\n/);
  assert.match(text, /✗ Pods run\n {4}is known as a failure, and passed/);
});
