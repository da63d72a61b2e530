import assert from "node:assert/strict";
import { test } from "node:test";
import { toSessionKeys } from "../../agent/credentials/source-keys.ts";

const WRITTEN = { id: "AKIAEXAMPLE", secret: "wJalr/EXAMPLE" };

test("keys are converted, and empty values count as absent", () => {
  const keys = toSessionKeys({ ...WRITTEN, token: "", expiration: "" }, "the file");
  assert.equal(keys.accessKeyId, "AKIAEXAMPLE");
  assert.equal(keys.secretAccessKey.reveal(), "wJalr/EXAMPLE");
  assert.deepEqual([keys.sessionToken, keys.expiresAtMs], [undefined, undefined]);
});

test("a token and its expiry are read", () => {
  const keys = toSessionKeys({ ...WRITTEN, token: "IQoJ", expiration: "2026-01-02T03:04:05Z" }, "the file");
  assert.equal(keys.sessionToken?.reveal(), "IQoJ");
  assert.equal(keys.expiresAtMs, Date.UTC(2026, 0, 2, 3, 4, 5));
});

for (const [name, written] of Object.entries({
  id: { ...WRITTEN, id: "AKIA EXAMPLE" },
  secret: { ...WRITTEN, secret: "wJalr\nEXAMPLE" },
  token: { ...WRITTEN, token: "IQoJ\t" },
}))
  test(`a blank in the ${name} is an error that names the source and shows no value`, () => {
    assert.throws(() => toSessionKeys(written, "the file"), {
      code: "credentials-invalid",
      message: "the keys of the file contain a blank or a line break",
    });
  });

for (const expiration of ["tomorrow", "1767323045", "02.01.2026", "2026-13-45T00:00:00Z"])
  test(`an expiry of ${expiration} is refused`, () => {
    assert.throws(() => toSessionKeys({ ...WRITTEN, expiration }, "the file"), {
      code: "credentials-invalid",
      message: "the file gives an expiry of its keys that is not a time",
    });
  });
