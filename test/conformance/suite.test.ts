import assert from "node:assert/strict";
import { test } from "node:test";
import { focus } from "./suite.ts";

test("only conformance tests run, and of them those whose name has one of the words", () => {
  const name = "[sig-network] DNS should provide DNS for Services [Conformance]";
  const matches = (words: readonly string[], text: string) => focus(words).some((word) => new RegExp(word).test(text));
  assert.ok(matches([], name));
  assert.ok(matches(["Secrets", "DNS|hostPort"], name));
  assert.ok(!matches(["Secrets"], name));
  assert.ok(!matches(["DNS"], name.replace(" [Conformance]", "")));
});
