import assert from "node:assert/strict";
import { test } from "node:test";
import { NodeKeys } from "../../../agent/gateway/rotation/node-keys.ts";
import { NEXT_PUBLIC_KEY_ANNOTATION, PUBLIC_KEY_ANNOTATION } from "../../../agent/tunnel/names.ts";

const node = (name: string, key?: string, next?: string) => ({
  metadata: {
    name,
    annotations: {
      ...(key === undefined ? {} : { [PUBLIC_KEY_ANNOTATION]: key }),
      ...(next === undefined ? {} : { [NEXT_PUBLIC_KEY_ANNOTATION]: next }),
    },
  },
});

test("both keys of each Node are read, and a Node without any is none", () => {
  const keys = NodeKeys.read([node("a", "A"), node("b", "B", "C"), node("c"), {}]);
  assert.deepEqual([[...keys.current], [...keys.next]], [[["a", "A"], ["b", "B"]], [["b", "C"]]]); // biome-ignore format: one line
});

test("what changes is said once, and a Node that is deleted takes both with it", () => {
  const keys = NodeKeys.of({ a: "A" }, {});
  assert.equal(keys.see(node("a", "A"), false), false);
  assert.equal(keys.see(node("a", "A", "N"), false), true);
  assert.equal(keys.see(node("a", "N"), false), true);
  assert.deepEqual([...keys.current, ...keys.next], [["a", "N"]]);
  assert.equal(keys.see(node("a", "N", "M"), true), true);
  assert.equal(keys.current.size + keys.next.size, 0);
});

test("a megabyte in an annotation is kept as 64 characters, which are no key", () => {
  const keys = NodeKeys.read([node("a", "x".repeat(1_000_000), "y".repeat(1_000_000))]);
  assert.deepEqual([keys.current.get("a")?.length, keys.next.get("a")?.length], [64, 64]);
});
