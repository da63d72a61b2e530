import assert from "node:assert/strict";
import { test } from "node:test";
import { answerInvalid, isOutcomeUnknown, noAnswer, unknownName } from "../../../agent/admin/lambda/errors.ts";
import { explainRefusal } from "../../../agent/admin/lambda/refusal.ts";
import { describe, SatelliteError } from "../../../agent/errors.ts";

const CALL = "POST /instance-operations/launch";

function explain(status: number, body: string): SatelliteError {
  return explainRefusal({ call: CALL, status, body, keySource: "LAMBDA_API_KEY" });
}

const refusal = (status: number, code: string, message = "Its words.") =>
  explain(status, JSON.stringify({ error: { code, message, suggestion: "Try this." } }));

for (const [code, status, expected, hint] of [
  ["global/invalid-api-key", 401, "lambda-key-invalid", /api-keys/],
  ["global/account-inactive", 403, "lambda-account-blocked", /billing address/],
  ["global/invalid-address", 403, "lambda-account-blocked", /billing address/],
  ["global/forbidden", 403, "lambda-forbidden", /workspace/],
  ["global/invalid-parameters", 400, "lambda-parameters-invalid", /option/],
  ["global/object-does-not-exist", 404, "lambda-not-found", /machine types/],
  ["global/object-does-not-exist", 400, "lambda-not-found", /machine types/],
  ["global/not-found", 404, "lambda-not-found", /machine types/],
  ["global/quota-exceeded", 400, "lambda-quota-exceeded", /support/],
  ["global/conflict", 409, "lambda-conflict", /machine show/],
  ["global/duplicate", 400, "lambda-duplicate", /another name/],
  ["global/internal-error", 500, "lambda-trouble", /machine list/],
  ["provider/internal-unavailable", 503, "lambda-trouble", /machine list/],
  ["provider/something-new", 400, "lambda-trouble", /machine list/],
  ["instance-operations/launch/insufficient-capacity", 400, "lambda-no-capacity", /--wait-for-capacity/],
  ["instance-operations/launch/file-system-in-wrong-region", 400, "lambda-file-system-elsewhere", /region/],
  ["firewall-rulesets/firewall-ruleset-in-use", 409, "lambda-in-use", /machine list/],
  ["filesystems/filesystem-in-use", 400, "lambda-in-use", /machine list/],
  ["new/code", 400, "lambda-refused", /Lambda's words/],
  ["new/code", 403, "lambda-forbidden", /workspace/],
  ["constructor", 400, "lambda-refused", /Lambda's words/],
] as const)
  test(`${status} ${code} is ${expected}`, () => {
    const error = refusal(status, code);
    assert.equal(error.code, expected);
    assert.match(error.hint ?? "", hint);
    assert.ok(error.message.startsWith(`${CALL} was refused (${code}): Its words. Try this.`), error.message);
  });

test("a page of a proxy is said to be one, and one of a server in trouble leaves the outcome open", () => {
  const page = "<html><head><title>Blocked by Example Proxy</title></head>";
  assert.equal(explain(403, page).code, "lambda-answer-invalid");
  assert.match(explain(403, page).message, /HTTP 403 with a page: Blocked by Example Proxy/);
  assert.match(explain(403, page).hint ?? "", /HTTPS_PROXY/);
  assert.equal(explain(502, page).code, "lambda-trouble");
  assert.equal(explain(401, "").code, "lambda-key-invalid");
  assert.equal(explain(418, "short and stout").code, "lambda-refused");
});

test("the words of others are bounded, in one line, without controls", () => {
  const { message } = refusal(400, "global/invalid-parameters", `\u001b[31mred\nline ${"x".repeat(5000)}`);
  assert.ok(message.length < 600, String(message.length));
  assert.ok(!message.includes("\u001b") && !message.includes("\n"));
});

test("an outcome is unknown after a lost answer, and known after a refusal", () => {
  assert.ok(isOutcomeUnknown(noAnswer(CALL, "https://cloud.lambda.ai/api/v1", new Error("ECONNRESET"))));
  assert.ok(isOutcomeUnknown(refusal(503, "provider/internal-unavailable")));
  assert.ok(isOutcomeUnknown(answerInvalid(CALL, "a page")));
  assert.ok(!isOutcomeUnknown(refusal(400, "global/quota-exceeded")));
  assert.ok(!isOutcomeUnknown(new Error("anything")));
});

test("an answer that was lost leaves open what was done, and nothing where that was a read", () => {
  const hint = (call: string) => noAnswer(call, "https://cloud.lambda.ai/api/v1", undefined).hint ?? "";
  assert.match(hint(CALL), /may have been done: eks-satellite machine list/);
  assert.doesNotMatch(hint("GET /instances"), /done/);
});

test("a name that is not known comes with the nearest one and with those that there are", () => {
  const known = ["gpu_1x_a10", "gpu_1x_gh200", ...Array.from({ length: 20 }, (_, index) => `type_${index}`)];
  const { message, hint } = describe(unknownName("type of machine", "gpu_1x_a100", known));
  assert.equal(message, "Lambda Cloud has no type of machine gpu_1x_a100");
  assert.match(hint ?? "", /^Is gpu_1x_a10 meant\? There are: gpu_1x_a10, gpu_1x_gh200, .*, and 10 more\.$/);
  assert.match(unknownName("SSH key", "work", []).hint ?? "", /^There are: none\.$/);
  assert.ok(unknownName("SSH key", "work", []) instanceof SatelliteError);
});
