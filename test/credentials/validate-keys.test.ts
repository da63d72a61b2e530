import assert from "node:assert/strict";
import { test } from "node:test";
import { findRefusal, isSameKeys } from "../../agent/credentials/validate-keys.ts";
import type { AwsKeys } from "../../agent/host/aws.ts";
import { Secret } from "../../agent/secret.ts";
import { awsError, connectionRefused, MemoryAws } from "../fakes/memory-aws.ts";

const KEYS: AwsKeys = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: new Secret("secret") };

test("accepted keys have no refusal", async () => {
  const aws = new MemoryAws(() => 0);
  assert.equal(await findRefusal(aws, KEYS), undefined);
  assert.deepEqual(aws.calls, ["getCallerIdentity"]);
});

for (const [name, code] of [
  ["InvalidClientTokenId", "credentials-invalid"],
  ["SignatureDoesNotMatch", "credentials-invalid"],
  ["ExpiredToken", "credentials-expired"],
] as const)
  test(`${name} is a refusal: ${code}`, async () => {
    const aws = new MemoryAws(() => 0);
    aws.fail(awsError(name, 403));
    assert.equal((await findRefusal(aws, KEYS))?.code, code);
  });

test("an AWS that does not answer, throttles or denies says nothing about the keys", async () => {
  const aws = new MemoryAws(() => 0);
  for (const error of [connectionRefused(), awsError("Throttling"), awsError("AccessDenied", 403)]) {
    aws.fail(error);
    assert.equal(await findRefusal(aws, KEYS), undefined, error.name);
  }
});

test("keys are the same when id, secret and token are", () => {
  const token = new Secret("token");
  assert.equal(isSameKeys(KEYS, { ...KEYS, secretAccessKey: new Secret("secret") }), true);
  assert.equal(isSameKeys(KEYS, { ...KEYS, accessKeyId: "AKIAOTHER" }), false);
  assert.equal(isSameKeys(KEYS, { ...KEYS, secretAccessKey: new Secret("other") }), false);
  assert.equal(isSameKeys(KEYS, { ...KEYS, sessionToken: token }), false);
  assert.equal(isSameKeys({ ...KEYS, sessionToken: token }, { ...KEYS, sessionToken: new Secret("token") }), true);
});
