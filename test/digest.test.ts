import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../agent/digest.ts";

test("a digest is SHA-256 of the text in UTF-8, in hex", () => {
  // The values of FIPS 180-4's example "abc" and of `printf é | sha256sum`.
  assert.equal(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(sha256("é"), "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c");
});
