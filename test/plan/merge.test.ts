import assert from "node:assert/strict";
import { test } from "node:test";
import { parseToml } from "../../agent/facts/containerd.ts";
import { isTable, mergeTables } from "../../agent/plan/merge.ts";

test("tables merge, anything else is replaced by what is laid over it", () => {
  const base = { a: { b: 1, c: [1, 2] }, d: "x", e: { f: 1 } };
  const over = { a: { c: [3], g: null }, d: { h: 1 }, e: "y" };
  assert.deepEqual(mergeTables(base, over), { a: { b: 1, c: [3], g: null }, d: { h: 1 }, e: "y" });
});

test("neither table is changed by the merge", () => {
  const base = { a: { b: 1 } };
  const over = { a: { c: 2 } };
  mergeTables(base, over);
  assert.deepEqual([base, over], [{ a: { b: 1 } }, { a: { c: 2 } }]);
});

test("TOML's tables are tables; lists and dates are values", () => {
  const { table, list, date } = parseToml("list = [1]\ndate = 2024-05-06\n[table]\nx = 1\n");
  assert.deepEqual([isTable(table), isTable(list), isTable(date), isTable(null)], [true, false, false, false]);
});
