import assert from "node:assert/strict";
import { test } from "node:test";
import { awsError, connectionRefused } from "../fakes/memory-aws.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { KEYS, MINUTE_MS, reasonOf, setUpSession, TOKEN } from "../fakes/memory-session.ts";
import { fargateConfig, sampleConfig } from "../fakes/samples.ts";

test("the first round gets keys and a token, both readable by root only", async () => {
  const { host, board, session, aws, token } = setUpSession();
  await session.round();
  assert.match(token() ?? "", /^k8s-aws-v1\./);
  assert.match(host.files.peek(KEYS)?.content ?? "", /aws_access_key_id = ASIASESSION1/);
  assert.deepEqual([host.files.peek(TOKEN)?.mode, host.files.peek(KEYS)?.mode], [0o600, 0o600]);
  assert.deepEqual(reasonOf(board), ["True", "Fresh"]);
  assert.deepEqual(aws.calls, ["assumeRole"]);
});

test("the long-lived keys are never written to another file", async () => {
  const { host, session } = setUpSession();
  await session.round();
  const elsewhere = host.files.paths().filter((path) => path !== "/etc/eks-satellite/aws-keys");
  for (const path of elsewhere)
    assert.doesNotMatch(host.files.peek(path)?.content ?? "", /long-lived-secret|AKIAEXAMPLE/);
});

test("long-lived keys that may not be exchanged sign tokens, are written nowhere, and are reported once", async () => {
  const { host, aws, board, session, token, messages, pass } = setUpSession(new MemoryHost(), fargateConfig());
  await session.round();
  assert.ok(host.files.peek(KEYS), "session keys while AWS gives them");
  aws.fail(awsError("AccessDenied", 403), "getSessionToken");
  await pass(50 * MINUTE_MS);
  const url = Buffer.from((token() ?? "").replace("k8s-aws-v1.", ""), "base64url").toString();
  assert.match(url, /X-Amz-Credential=AKIAEXAMPLE%2F/);
  assert.doesNotMatch(url, /X-Amz-Security-Token/);
  assert.equal(host.files.peek(KEYS), undefined, "what ecr-credential-provider reads");
  const elsewhere = host.files.paths().filter((path) => path !== "/etc/eks-satellite/aws-keys");
  for (const path of elsewhere) assert.doesNotMatch(host.files.peek(path)?.content ?? "", /long-lived-secret/);
  const { status, reason, hint } = board.get("CredentialsRenewed");
  assert.deepEqual([status, reason], ["True", "LongLivedKeys"]);
  assert.match(hint ?? "", /sts:GetSessionToken/);
  assert.equal(messages("warn").filter((message) => /long-lived/.test(message)).length, 1);
  assert.deepEqual(reasonOf(board), ["True", "Fresh"]);
  aws.recover();
  await pass(15 * MINUTE_MS);
  assert.ok(host.files.peek(KEYS), "and they are back when AWS gives them again");
});

test("keys are renewed when two thirds of their life have passed, and not before", async () => {
  const { aws, pass, session } = setUpSession();
  await session.round();
  await pass(40 * MINUTE_MS - 10_000);
  assert.equal(aws.calls.length, 1);
  await pass(10_000);
  assert.equal(aws.calls.length, 2);
});

test("chance makes the renewal up to a tenth of the life earlier", async () => {
  const host = new MemoryHost();
  host.random = () => 0.999;
  const { aws, pass, session } = setUpSession(host);
  await session.round();
  await pass(34 * MINUTE_MS);
  assert.equal(aws.calls.length, 1);
  await pass(20_000);
  assert.equal(aws.calls.length, 2);
});

test("AWS is called only when keys are due: twice in the first hour", async () => {
  const { aws, pass, session } = setUpSession();
  await session.round();
  await pass(60 * MINUTE_MS);
  assert.equal(aws.calls.length, 2);
});

test("during an outage of AWS the keys stay, tokens are minted, and the log says it once", async () => {
  const { aws, board, pass, session, token, messages } = setUpSession();
  await session.round();
  aws.fail(connectionRefused());
  await pass(50 * MINUTE_MS);
  const before = token();
  await pass(9 * MINUTE_MS + 50_000);
  assert.notEqual(token(), before);
  assert.deepEqual(reasonOf(board), ["True", "RenewalFailing"]);
  assert.equal(board.get("CredentialsRenewed").pending?.reason, "AwsUnreachable");
  assert.deepEqual(
    messages("info").filter((message) => /not renewed/.test(message)),
    ["AWS keys were not renewed; the present ones are still good"],
  );
});

test("a failed renewal is tried again: soon at first, then once a minute", async () => {
  const { aws, pass, session } = setUpSession();
  await session.round();
  aws.fail(connectionRefused());
  await pass(40 * MINUTE_MS);
  const first = aws.calls.length;
  await pass(30_000);
  assert.ok(aws.calls.length >= first + 2, "within half a minute twice");
  const later = aws.calls.length;
  await pass(10 * MINUTE_MS);
  const tries = aws.calls.length - later;
  assert.ok(tries >= 9 && tries <= 15, `${tries} tries in ten minutes`);
});

test("when AWS is back the keys are renewed within a minute and the conditions are true", async () => {
  const { aws, board, pass, session } = setUpSession();
  await session.round();
  aws.fail(connectionRefused());
  await pass(50 * MINUTE_MS);
  aws.recover();
  await pass(MINUTE_MS + 10_000);
  assert.deepEqual(reasonOf(board), ["True", "Fresh"]);
});

test("keys that expire during an outage make the condition false, with AWS's own reason at the next try", async () => {
  const { aws, board, pass, session, token } = setUpSession();
  await session.round();
  aws.fail(connectionRefused());
  await pass(61 * MINUTE_MS);
  assert.equal(session.keys, undefined);
  assert.equal(board.get("CredentialsFresh").status, "False");
  const last = token();
  await pass(2 * MINUTE_MS);
  assert.deepEqual(reasonOf(board), ["False", "AwsUnreachable"]);
  assert.equal(token(), last, "no token is minted from dead keys");
});

test("without any keys the condition says why", async () => {
  const { aws, board, session } = setUpSession();
  aws.fail(awsError("AccessDenied", 403));
  await session.round();
  const { reason, hint } = board.get("CredentialsFresh");
  assert.equal(reason, "RoleForbidden");
  assert.match(hint ?? "", /sts:RoleSessionName gpu-1/);
});

test("keys of a source that does not say when they expire are read again every ten minutes", async () => {
  const { host, aws, pass, session } = setUpSession(new MemoryHost(), {
    ...sampleConfig(),
    credentials: { process: ["/opt/print"] },
  });
  let token = "one";
  const print = () => JSON.stringify({ Version: 1, AccessKeyId: "ASIA", SecretAccessKey: "S", SessionToken: token });
  host.install("/opt/print", () => ({ stdout: print() }));
  await session.round();
  token = "two";
  await pass(10 * MINUTE_MS);
  assert.equal(session.keys?.sessionToken?.reveal(), "two");
  assert.equal(host.commands.length, 2);
  assert.deepEqual(aws.calls, ["getCallerIdentity"], "other keys are tried before they replace living ones");
});

test("no secret reaches the log or the board", async () => {
  const { aws, board, lines, pass, session } = setUpSession();
  await session.round();
  aws.fail(awsError("ExpiredToken"));
  await pass(70 * MINUTE_MS);
  const said = JSON.stringify([lines, board.list(), session.keys, session.token]);
  assert.doesNotMatch(said, /session-secret|session-token|long-lived-secret|k8s-aws-v1/);
});
