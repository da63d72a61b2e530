// Section 4 of the CIS benchmark on a planned node: what is met stays met.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { CIS_ITEMS, plannedNode } from "../../scripts/docs/cis.ts";
import { TOP } from "./markdown.ts";

/** Each with its reason on the page. */
const NOT_MET = ["4.2.7"];

test("every item of section 4 is there, once, in order", () => {
  const numbers = [...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((item) => `4.1.${item}`)];
  numbers.push(...Array.from({ length: 14 }, (_, index) => `4.2.${index + 1}`));
  assert.deepEqual(
    CIS_ITEMS.map(({ number }) => number),
    numbers,
  );
});

test("a node of the default configuration meets every item but those with a reason", () => {
  const node = plannedNode();
  const unmet = CIS_ITEMS.filter(({ found }) => found(node)?.isMet === false);
  assert.deepEqual(
    unmet.map(({ number }) => number),
    NOT_MET,
  );
  for (const { number, note } of unmet) assert.notEqual(note, undefined, number);
});

test("the golden nodes have what the page shows, unless their configuration says otherwise", () => {
  const tree = "test/golden/expected/minimal-ubuntu-22.04/etc/kubernetes/kubelet/kubelet-config.yaml";
  const golden = parse(readFileSync(join(TOP, tree), "utf8")) as Record<string, unknown>;
  const { config } = plannedNode();
  for (const key of [
    "authentication",
    "podPidsLimit",
    "seccompDefault",
    "streamingConnectionIdleTimeout",
    "readOnlyPort",
  ])
    assert.deepEqual(golden[key], config[key], key);
});
