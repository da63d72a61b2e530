import assert from "node:assert/strict";
import { test } from "node:test";
import { listExplanations } from "../../agent/explain/catalogue.ts";
import { findExplanations } from "../../agent/explain/find.ts";

const all = listExplanations({ reasons: [], errors: [], checks: [] });
const explain = (word: string) => findExplanations(word, all)[0];

test("a fault of the GPU names the action, and the provider", () => {
  const { meaning, todo, ask, details } = explain("79") ?? {};
  assert.equal(meaning, "Xid 79 of NVIDIA's driver: the GPU fell off the PCI bus.");
  assert.match(todo ?? "", /^Action: reboot\./);
  assert.match(ask ?? "", /^The machine's provider/);
  assert.match(details?.[0] ?? "", /^A fault of the GPU/);
});

test("an application's Xid is no fault, and its owner is asked", () => {
  const { details, ask } = explain("xid 31") ?? {};
  assert.equal(details?.[0], "No fault: it is counted and logged. An application's fault, not the GPU's.");
  assert.match(ask ?? "", /^The application's owner/);
});

test("a number that NVIDIA does not use asks for nothing", () => {
  const { todo, ask } = explain("xid 1") ?? {};
  assert.deepEqual([todo, ask], [undefined, undefined]);
});
