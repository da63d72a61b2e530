import assert from "node:assert/strict";
import { test } from "node:test";
import { format, inspect } from "node:util";
import { Secret } from "../agent/secret.ts";

test("a secret shows itself to no printer, only to reveal()", () => {
  const secret = new Secret("hunter2-hunter2");
  const shown = [
    `${secret}`,
    String(secret),
    JSON.stringify({ secret }),
    inspect(secret),
    format("%s %o", secret, secret),
  ];
  for (const text of shown) assert.doesNotMatch(text, /hunter2/);
  assert.equal(secret.reveal(), "hunter2-hunter2");
});
