import assert from "node:assert/strict";
import { test } from "node:test";
import { callAws } from "../../agent/admin/aws-call.ts";
import { awsError, connectionRefused } from "../fakes/memory-aws.ts";

const QUESTION = { action: "iam:CreateRole", resource: "arn:aws:iam::1:role/nodes", caller: "arn:aws:iam::1:user/joe" };
const failing = (error: Error) =>
  callAws(QUESTION, async () => {
    throw error;
  });

test("a denial names the action, and a further one that AWS demands", async () => {
  await assert.rejects(failing(awsError("AccessDenied", 403)), {
    code: "aws-forbidden",
    message: "iam:CreateRole on arn:aws:iam::1:role/nodes was denied",
    hint: "Allow iam:CreateRole on arn:aws:iam::1:role/nodes to arn:aws:iam::1:user/joe.",
  });
  const tagging = awsError("AccessDenied", 403);
  tagging.message =
    "User: arn:aws:iam::1:user/joe is not authorized to perform: iam:TagRole on resource: arn:aws:iam::1:role/nodes";
  await assert.rejects(failing(tagging), { hint: /^Allow iam:CreateRole and iam:TagRole on / });
});

test("another refusal is reported with AWS's code, and with a remedy where one is known", async () => {
  await assert.rejects(failing(awsError("MalformedPolicyDocumentException")), {
    code: "aws-refused",
    message: /iam:CreateRole on .* was refused \(MalformedPolicyDocumentException\)/,
    hint: /--trusted-arn must exist/,
  });
  await assert.rejects(failing(awsError("SomethingNew")), { code: "aws-refused", hint: /continues from there/ });
  await assert.rejects(failing(awsError("ExpiredTokenException")), {
    code: "credentials-expired",
    hint: /aws sso login/,
  });
  await assert.rejects(failing(connectionRefused()), { code: "aws-unreachable" });
});
