import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConditionBoard } from "../../agent/conditions.ts";
import { AwsSession } from "../../agent/supervise/aws-session.ts";
import { createBoard } from "../fakes/board.ts";
import { awsError, connectionRefused, MemoryAws } from "../fakes/memory-aws.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { KEYS_FILE, sampleConfig } from "../fakes/samples.ts";

const TOKEN = "/run/eks-satellite/kubelet-token";
const KEYS = "/run/eks-satellite/aws-credentials";
const MINUTE_MS = 60_000;

function setUp(host = new MemoryHost(), config = sampleConfig()) {
  host.files.put("/etc/eks-satellite/aws-keys", KEYS_FILE, { mode: 0o600 });
  const aws = new MemoryAws(host.clock.now);
  const { log, lines, messages } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const session = new AwsSession({ host, aws, config, log, board });
  /** Lets time pass as the credentials loop does: a look every ten seconds. */
  const pass = async (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 10_000) {
      host.clock.jump(Math.min(10_000, milliseconds - passed));
      await session.refresh();
    }
  };
  const token = () => host.files.peek(TOKEN)?.content;
  return { host, aws, board, session, lines, messages, pass, token };
}

const reasonOf = (board: ConditionBoard) => {
  const { status, reason } = board.get("CredentialsFresh");
  return [status, reason];
};

test("the first look gets keys and a token, both written for root alone", async () => {
  const { host, board, session, aws, token } = setUp();
  await session.refresh();
  assert.match(token() ?? "", /^k8s-aws-v1\./);
  assert.match(host.files.peek(KEYS)?.content ?? "", /aws_access_key_id = ASIASESSION1/);
  assert.deepEqual([host.files.peek(TOKEN)?.mode, host.files.peek(KEYS)?.mode], [0o600, 0o600]);
  assert.deepEqual(reasonOf(board), ["True", "Fresh"]);
  assert.deepEqual(aws.calls, ["assumeRole"]);
});

test("the long-lived keys are never written to another file", async () => {
  const { host, session } = setUp();
  await session.refresh();
  const elsewhere = host.files.paths().filter((path) => path !== "/etc/eks-satellite/aws-keys");
  for (const path of elsewhere)
    assert.doesNotMatch(host.files.peek(path)?.content ?? "", /long-lived-secret|AKIAEXAMPLE/);
});

test("keys are renewed when two thirds of their life have passed, and not before", async () => {
  const { aws, pass, session } = setUp();
  await session.refresh();
  await pass(40 * MINUTE_MS - 10_000);
  assert.equal(aws.calls.length, 1);
  await pass(10_000);
  assert.equal(aws.calls.length, 2);
});

test("chance makes the renewal up to a tenth of the life earlier", async () => {
  const host = new MemoryHost();
  host.random = () => 0.999;
  const { aws, pass, session } = setUp(host);
  await session.refresh();
  await pass(34 * MINUTE_MS);
  assert.equal(aws.calls.length, 1);
  await pass(20_000);
  assert.equal(aws.calls.length, 2);
});

test("AWS is called on the schedule of the keys alone: twice in the first hour", async () => {
  const { aws, pass, session } = setUp();
  await session.refresh();
  await pass(60 * MINUTE_MS);
  assert.equal(aws.calls.length, 2);
});

test("the token is minted anew every five minutes, without AWS, and right after new keys", async () => {
  const { aws, pass, session, token, host } = setUp();
  await session.refresh();
  const tokens = new Set([token()]);
  for (let round = 0; round < 7; round += 1) {
    await pass(5 * MINUTE_MS - 10_000);
    const before = tokens.size;
    tokens.add(token());
    assert.equal(tokens.size, before, "not before its time");
    await pass(10_000);
    tokens.add(token());
    assert.equal(tokens.size, before + 1);
  }
  assert.equal(aws.calls.length, 1);
  const writes = host.files.changes.length;
  await pass(5 * MINUTE_MS);
  assert.deepEqual(host.files.changes.slice(writes), [`write ${KEYS}`, `write ${TOKEN}`]);
});

test("a token that the API server refused is replaced before its time, and a new one is given a chance", async () => {
  const { session, token, host } = setUp();
  await session.refresh();
  const refused = token();
  host.clock.jump(9_000);
  await session.replaceToken();
  assert.equal(token(), refused);
  host.clock.jump(1_000);
  await session.replaceToken();
  assert.notEqual(token(), refused);
});

test("keys that AWS no longer knows are renewed as soon as their token is refused; one that it knows is not", async () => {
  const { session, host, aws, board } = setUp();
  await session.refresh();
  host.clock.jump(MINUTE_MS);
  await session.replaceToken();
  assert.deepEqual(aws.calls, ["assumeRole", "getCallerIdentity"], "the mapping is gone: other keys would not help");
  host.clock.jump(MINUTE_MS);
  aws.fail(awsError("InvalidClientTokenId", 403), "getCallerIdentity");
  await session.replaceToken();
  assert.deepEqual(aws.calls.slice(2), ["getCallerIdentity", "assumeRole"]);
  host.clock.jump(MINUTE_MS);
  aws.fail(awsError("InvalidClientTokenId", 403));
  await session.replaceToken();
  assert.equal(board.get("CredentialsRenewed").pending?.reason, "CredentialsInvalid");
});

test("AWS is asked about refused keys once a minute, and its silence is no answer", async () => {
  const { session, host, aws } = setUp();
  await session.refresh();
  aws.fail(connectionRefused());
  for (let second = 0; second < 120; second += 10) {
    host.clock.jump(10_000);
    await session.replaceToken();
  }
  assert.deepEqual(aws.calls, ["assumeRole", "getCallerIdentity", "getCallerIdentity"]);
});

test("a clock that is set back makes the token be minted anew: one from the future is refused", async () => {
  for (const replace of ["refresh", "replaceToken"] as const) {
    const { session, token, host } = setUp();
    await session.refresh();
    const fromTheFuture = token();
    host.clock.jump(-2 * 60 * MINUTE_MS);
    await session[replace]();
    assert.notEqual(token(), fromTheFuture);
  }
});

test("through an outage of AWS the keys stay, tokens keep coming, and the log says it once", async () => {
  const { aws, board, pass, session, token, messages } = setUp();
  await session.refresh();
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
  const { aws, pass, session } = setUp();
  await session.refresh();
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

test("when AWS is back the keys are renewed within a minute and all is well", async () => {
  const { aws, board, pass, session } = setUp();
  await session.refresh();
  aws.fail(connectionRefused());
  await pass(50 * MINUTE_MS);
  aws.recover();
  await pass(MINUTE_MS + 10_000);
  assert.deepEqual(reasonOf(board), ["True", "Fresh"]);
});

test("keys that expire during an outage make the condition false, with AWS's own reason at the next try", async () => {
  const { aws, board, pass, session, token } = setUp();
  await session.refresh();
  aws.fail(connectionRefused());
  await pass(61 * MINUTE_MS);
  assert.equal(session.keys, undefined);
  assert.equal(board.get("CredentialsFresh").status, "False");
  const last = token();
  await pass(2 * MINUTE_MS);
  assert.deepEqual(reasonOf(board), ["False", "AwsUnreachable"]);
  assert.equal(token(), last, "no token is minted from dead keys");
});

test("keys that were never had say why", async () => {
  const { aws, board, session } = setUp();
  aws.fail(awsError("AccessDenied", 403));
  await session.refresh();
  const { reason, hint } = board.get("CredentialsFresh");
  assert.equal(reason, "RoleForbidden");
  assert.match(hint ?? "", /sts:RoleSessionName gpu-1/);
});

test("a restart of the daemon takes over living keys and mints a token with AWS away", async () => {
  const before = setUp();
  await before.session.refresh();
  before.host.files.drop(TOKEN);
  before.host.clock.jump(10 * MINUTE_MS);
  const after = setUp(before.host);
  after.aws.fail(connectionRefused());
  await after.session.restore();
  await after.session.refresh();
  assert.match(after.token() ?? "", /^k8s-aws-v1\./);
  assert.deepEqual([reasonOf(after.board), after.aws.calls], [["True", "Fresh"], []]);
});

test("a restart with a changed role or node name does not take over the keys of the old one", async () => {
  const before = setUp();
  await before.session.refresh();
  const after = setUp(before.host, sampleConfig("node: { name: gpu-2 }"));
  await after.session.restore();
  assert.equal(after.session.keys, undefined);
});

test("after a restart keys that are about to end are renewed before they do", async () => {
  const before = setUp();
  await before.session.refresh();
  before.host.clock.jump(59 * MINUTE_MS);
  const after = setUp(before.host);
  await after.session.restore();
  await after.pass(50_000);
  assert.deepEqual(after.aws.calls, ["assumeRole"]);
});

test("a full disk below /run is told of, and AWS is not asked again and again meanwhile", async () => {
  const { host, aws, board, pass, session } = setUp();
  host.files.refuseWrites("/run/eks-satellite", "ENOSPC");
  await session.refresh();
  assert.deepEqual(reasonOf(board), ["False", "DiskFull"]);
  await pass(10 * MINUTE_MS);
  assert.deepEqual(reasonOf(board), ["False", "DiskFull"]);
  assert.ok(aws.calls.length <= 15, `${aws.calls.length} calls in ten minutes`);
  host.files.allowWrites();
  await pass(MINUTE_MS + 10_000);
  assert.deepEqual(reasonOf(board), ["True", "Fresh"]);
  assert.notEqual(host.files.peek(KEYS), undefined);
});

test("a full disk at the start does not keep the daemon from starting", async () => {
  const before = setUp();
  await before.session.refresh();
  before.host.files.refuseWrites("/run/eks-satellite", "ENOSPC");
  const after = setUp(before.host);
  await after.session.restore();
  await after.session.refresh();
  assert.notEqual(after.session.keys, undefined);
});

test("keys of a source that does not say when they end are read again every ten minutes", async () => {
  const { host, aws, pass, session } = setUp(new MemoryHost(), {
    ...sampleConfig(),
    credentials: { keysFile: "/etc/eks-satellite/aws-keys" },
  });
  host.files.put("/etc/eks-satellite/aws-keys", `${KEYS_FILE}AWS_SESSION_TOKEN=one\n`, { mode: 0o600 });
  await session.refresh();
  host.files.put("/etc/eks-satellite/aws-keys", `${KEYS_FILE}AWS_SESSION_TOKEN=two\n`, { mode: 0o600 });
  await pass(10 * MINUTE_MS);
  assert.equal(session.keys?.sessionToken?.reveal(), "two");
  assert.deepEqual(aws.calls, []);
});

test("no secret reaches the log or the board", async () => {
  const { aws, board, lines, pass, session } = setUp();
  await session.refresh();
  aws.fail(awsError("ExpiredToken"));
  await pass(70 * MINUTE_MS);
  const said = JSON.stringify([lines, board.list(), session.keys, session.token]);
  assert.doesNotMatch(said, /session-secret|session-token|long-lived-secret|k8s-aws-v1/);
});
