import assert from "node:assert/strict";
import { test } from "node:test";
import { hold } from "../fakes/held-effect.ts";
import { awsError, connectionRefused } from "../fakes/memory-aws.ts";
import { settle } from "../fakes/memory-clock.ts";
import { COPY, KEYS, MINUTE_MS, setUpSession, TOKEN } from "../fakes/memory-session.ts";

test("a token is minted every five minutes, without AWS, and right after new keys", async () => {
  const { aws, pass, session, token, host } = setUpSession();
  await session.round();
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
  assert.deepEqual(host.files.changes.slice(writes), [`write ${KEYS}`, `write ${TOKEN}`, `write ${COPY}`]);
});

test("a token that the API server refused is replaced before its time, unless it is new", async () => {
  const { session, token, host } = setUpSession();
  await session.round();
  const refused = token();
  host.clock.jump(9_000);
  await session.replaceToken();
  assert.equal(token(), refused);
  host.clock.jump(1_000);
  await session.replaceToken();
  assert.notEqual(token(), refused);
});

test("keys that AWS no longer knows are renewed as soon as their token is refused; known keys are not", async () => {
  const { session, host, aws, board } = setUpSession();
  await session.round();
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

test("AWS is asked about refused keys once a minute, and a missing answer changes nothing", async () => {
  const { session, host, aws } = setUpSession();
  await session.round();
  aws.fail(connectionRefused());
  for (let second = 0; second < 120; second += 10) {
    host.clock.jump(10_000);
    await session.replaceToken();
  }
  assert.deepEqual(aws.calls, ["assumeRole", "getCallerIdentity", "getCallerIdentity"]);
});

test("after the clock is set back a new token is minted: a token from the future would be refused", async () => {
  for (const replace of ["round", "replaceToken"] as const) {
    const { session, token, host } = setUpSession();
    await session.round();
    const fromTheFuture = token();
    host.clock.jump(-2 * 60 * MINUTE_MS);
    await session[replace]();
    assert.notEqual(token(), fromTheFuture);
  }
});

test("a burst of refusals mints one token", async () => {
  const { session, host } = setUpSession();
  await session.round();
  host.clock.jump(10_000);
  const before = host.files.changes.length;
  await Promise.all(Array.from({ length: 20 }, () => session.replaceToken()));
  assert.deepEqual(host.files.changes.slice(before), [`write ${TOKEN}`]);
});

test("a token that is replaced while keys are renewed is of the new keys, and AWS is asked once", async () => {
  const { session, host, aws, token } = setUpSession();
  await session.round();
  host.clock.jump(41 * MINUTE_MS);
  const renewal = hold(aws, "assumeRole");
  const round = session.round();
  await renewal.reached;
  aws.fail(awsError("InvalidClientTokenId", 403), "getCallerIdentity");
  const replaced = session.replaceToken();
  await settle();
  renewal.release();
  await Promise.all([round, replaced]);
  assert.deepEqual(aws.calls.filter((call) => call === "assumeRole").length, 2, "once at the start, once now");
  assert.match(decodeToken(token()), new RegExp(session.keys?.accessKeyId ?? "none"));
});

test("a write of the token that is slow does not put an older one in the place of a newer one", async () => {
  const { session, host, token } = setUpSession();
  await session.round();
  host.clock.jump(5 * MINUTE_MS);
  const slow = hold(host.files, "write", (path) => path === TOKEN);
  const round = session.round();
  await slow.reached;
  host.clock.jump(10_000);
  const replaced = session.replaceToken();
  await settle();
  slow.release();
  await Promise.all([round, replaced]);
  assert.equal(token(), session.token?.value.reveal(), "the file has the token that the daemon uses");
});

/** The presigned URL in a token. */
function decodeToken(token = ""): string {
  return Buffer.from(token.replace("k8s-aws-v1.", ""), "base64url").toString();
}
