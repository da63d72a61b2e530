import assert from "node:assert/strict";
import { test } from "node:test";
import { readResults } from "./results.ts";

const spec = (text: string, State: string, more: object = {}) => ({
  ContainerHierarchyTexts: ["[sig-node] Pods"],
  LeafNodeType: "It",
  LeafNodeText: text,
  State,
  RunTime: 1_500_000_000,
  NumAttempts: 1,
  ...more,
});

test("a report's conformance tests are read with their group, outcome and cause; those left out are not", () => {
  const specs = [
    spec("should be submitted [Conformance]", "passed"),
    spec("should be removed [Conformance]", "timedout", { Failure: { Message: "no time left" } }),
    spec("should need two nodes [Conformance]", "skipped", { Failure: { Message: "one node" } }),
    spec("was left out [Conformance]", "skipped", { NumAttempts: 0 }),
    spec("should be swapped [Feature:Swap]", "passed"),
    spec("[SynchronizedBeforeSuite]", "passed", { LeafNodeType: "SynchronizedBeforeSuite" }),
  ];
  const results = readResults(JSON.stringify([{ SpecReports: specs }, { SpecReports: null }]));
  assert.deepEqual(
    results.map(({ outcome, message }) => [outcome, message]),
    [
      ["passed", ""],
      ["failed", "no time left"],
      ["skipped", "one node"],
    ],
  );
  const [first] = results;
  assert.equal(first?.name, "[sig-node] Pods should be submitted [Conformance]");
  assert.equal(first?.sig, "node");
  assert.equal(first?.seconds, 1.5);
});

test("what is no report is refused", () => {
  assert.throws(() => readResults('{"SpecReports": 1}'));
});
