// What a restart, a reboot and a full disk leave of the keys.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionRefused } from "../fakes/memory-aws.ts";
import { COPY, KEYS, MINUTE_MS, reasonOf, setUpSession, TOKEN } from "../fakes/memory-session.ts";
import { sampleConfig } from "../fakes/samples.ts";

test("a restart of the daemon takes over living keys and mints a token with AWS away", async () => {
  const before = setUpSession();
  await before.session.round();
  before.host.files.drop(TOKEN);
  before.host.clock.jump(10 * MINUTE_MS);
  const after = setUpSession(before.host);
  after.aws.fail(connectionRefused());
  await after.session.restore();
  await after.session.round();
  assert.match(after.token() ?? "", /^k8s-aws-v1\./);
  assert.deepEqual([reasonOf(after.board), after.aws.calls], [["True", "Fresh"], []]);
});

test("after a reboot, which takes tmpfs away, living keys are taken from disk with AWS away", async () => {
  const before = setUpSession();
  await before.session.round();
  assert.equal(before.host.files.peek(COPY)?.mode, 0o600);
  for (const path of [TOKEN, KEYS]) before.host.files.drop(path);
  const after = setUpSession(before.host);
  after.aws.fail(connectionRefused());
  await after.session.restore();
  await after.session.round();
  assert.match(after.token() ?? "", /^k8s-aws-v1\./);
  assert.notEqual(after.host.files.peek(KEYS), undefined, "for pulls from ECR");
  assert.deepEqual([reasonOf(after.board), after.aws.calls], [["True", "Fresh"], []]);
});

test("keys that ended while the machine was off are not taken from disk", async () => {
  const before = setUpSession();
  await before.session.round();
  before.host.files.drop(KEYS);
  before.host.clock.jump(61 * MINUTE_MS);
  const after = setUpSession(before.host);
  await after.session.restore();
  assert.equal(after.session.keys, undefined);
});

test("with aws.keysSurviveReboot false no key is on disk, nor stays there from before", async () => {
  const { host, session } = setUpSession();
  await session.round();
  const config = sampleConfig();
  const careful = { ...config, aws: { ...config.aws, keysSurviveReboot: false } };
  const after = setUpSession(host, careful);
  await after.session.restore();
  assert.equal(host.files.peek(COPY), undefined);
  after.host.clock.jump(50 * MINUTE_MS);
  await after.session.round();
  assert.equal(host.files.peek(COPY), undefined);
  assert.deepEqual(reasonOf(after.board), ["True", "Fresh"]);
});

test("a full disk below /var costs the copy, a warning, and nothing else", async () => {
  const { host, board, session, messages } = setUpSession();
  host.files.refuseWrites("/var/lib/eks-satellite", "ENOSPC");
  await session.round();
  assert.deepEqual(reasonOf(board), ["True", "Fresh"]);
  assert.ok(messages("warn").some((message) => message.startsWith("the keys are not on disk")));
});

test("a restart with a changed role or node name does not take over the keys of the old one", async () => {
  const before = setUpSession();
  await before.session.round();
  const after = setUpSession(before.host, sampleConfig("node: { name: gpu-2 }"));
  await after.session.restore();
  assert.equal(after.session.keys, undefined);
});

test("after a restart keys that are about to end are renewed before they do", async () => {
  const before = setUpSession();
  await before.session.round();
  before.host.clock.jump(59 * MINUTE_MS);
  const after = setUpSession(before.host);
  await after.session.restore();
  await after.pass(50_000);
  assert.deepEqual(after.aws.calls, ["assumeRole"]);
});

test("a full disk below /run is told of, and AWS is not asked again and again meanwhile", async () => {
  const { host, aws, board, pass, session } = setUpSession();
  host.files.refuseWrites("/run/eks-satellite", "ENOSPC");
  await session.round();
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
  const before = setUpSession();
  await before.session.round();
  before.host.files.refuseWrites("/run/eks-satellite", "ENOSPC");
  const after = setUpSession(before.host);
  await after.session.restore();
  await after.session.round();
  assert.notEqual(after.session.keys, undefined);
});
