// What a restart, a reboot and a full disk leave of the keys.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionRefused } from "../fakes/memory-aws.ts";
import { COPY, KEYS, MINUTE_MS, reasonOf, setUpSession, TOKEN } from "../fakes/memory-session.ts";
import { sampleConfig } from "../fakes/samples.ts";

test("a restart of the daemon adopts valid keys and mints a token while AWS is away", async () => {
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

test("after a reboot, which clears tmpfs, valid keys are read from disk while AWS is away", async () => {
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

test("keys that expired while the machine was off are not adopted", async () => {
  const before = setUpSession();
  await before.session.round();
  before.host.files.drop(KEYS);
  before.host.clock.jump(61 * MINUTE_MS);
  const after = setUpSession(before.host);
  await after.session.restore();
  assert.equal(after.session.keys, undefined);
});

test("with aws.keysSurviveReboot false no key is written to disk, and earlier ones are removed", async () => {
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

test("with a full disk below /var only the copy is missing, and a warning says so", async () => {
  const { host, board, session, messages } = setUpSession();
  host.files.refuseWrites("/var/lib/eks-satellite", "ENOSPC");
  await session.round();
  assert.deepEqual(reasonOf(board), ["True", "Fresh"]);
  assert.ok(messages("warn").some((message) => message.startsWith("the keys are not on disk")));
});

test("a restart with a changed role or node name does not adopt the old keys", async () => {
  const before = setUpSession();
  await before.session.round();
  const after = setUpSession(before.host, sampleConfig("node: { name: gpu-2 }"));
  await after.session.restore();
  assert.equal(after.session.keys, undefined);
});

test("after a restart keys that are about to expire are renewed in time", async () => {
  const before = setUpSession();
  await before.session.round();
  before.host.clock.jump(59 * MINUTE_MS);
  const after = setUpSession(before.host);
  await after.session.restore();
  await after.pass(50_000);
  assert.deepEqual(after.aws.calls, ["assumeRole"]);
});

test("a full disk below /run is reported, and does not repeat calls of AWS", async () => {
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
