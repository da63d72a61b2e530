import assert from "node:assert/strict";
import { test } from "node:test";
import { explainAwsError } from "../../agent/aws/aws-error.ts";
import { awsError, connectionRefused } from "../fakes/memory-aws.ts";

const DENIAL = { code: "cluster-forbidden", hint: "Allow it." };

function explain(error: unknown) {
  return explainAwsError(error, "eks:DescribeCluster", DENIAL);
}

for (const name of ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
  test(`${name} has the code and hint of the caller`, () => {
    const { code, message, hint } = explain(awsError(name, 403));
    assert.deepEqual([code, message, hint], ["cluster-forbidden", "eks:DescribeCluster was denied", "Allow it."]);
  });

const CODES: readonly (readonly [error: Error, code: string])[] = [
  ...["ExpiredToken", "ExpiredTokenException", "RequestExpired"].map(
    (name) => [awsError(name, 403), "credentials-expired"] as const,
  ),
  ...["InvalidClientTokenId", "AuthFailure", "UnrecognizedClientException", "SignatureDoesNotMatch"].map(
    (name) => [awsError(name, 403), "credentials-invalid"] as const,
  ),
  ...["RequestTimeTooSkewed", "SignatureNotYetCurrent"].map((name) => [awsError(name, 403), "clock-skewed"] as const),
  [awsError("ThrottlingException", 400), "aws-failed"],
  [awsError("ServiceUnavailable", 503), "aws-failed"],
  [connectionRefused(), "aws-unreachable"],
];
for (const [error, code] of CODES)
  test(`${error.name} ${error.message} is ${code}, with its cause and a remedy`, () => {
    const explained = explain(error);
    assert.equal(explained.code, code);
    assert.equal(explained.cause, error);
    assert.match(explained.message, /^eks:DescribeCluster /);
    assert.ok((explained.hint ?? "").length > 20);
  });

test("a signature that STS finds too old or too new is a matter of the clock, not of the keys", () => {
  for (const message of [
    "Signature expired: 1 is now earlier than 2",
    "Signature not yet current: 2 is still later than 1",
  ])
    assert.equal(explain(Object.assign(awsError("SignatureDoesNotMatch", 403), { message })).code, "clock-skewed");
});

test("a service that fails, or has too many requests, has answered: its own state is the matter, not the network", () => {
  for (const error of [
    awsError("InternalFailure", 500),
    awsError("x", 503),
    awsError("ThrottlingException", 400),
    awsError("x", 429),
  ]) {
    const { message, hint } = explain(error);
    assert.match(message, /was answered \d{3}/);
    assert.match(hint ?? "", /AWS itself has a problem.*Health Dashboard/);
    assert.doesNotMatch(hint ?? "", /DNS|firewall/);
  }
  assert.doesNotMatch(explain(awsError("ValidationException", 400)).hint ?? "", /AWS itself/);
});
