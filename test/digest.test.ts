import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../agent/digest.ts";

test("a digest is that of sha256sum(1)", () => {
  assert.equal(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
