import assert from "node:assert/strict";
import { test } from "node:test";
import { awsError, connectionRefused } from "../fakes/memory-aws.ts";
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
