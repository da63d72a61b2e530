import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionFiles } from "../../agent/credentials/session-files.ts";
import type { SessionKeys } from "../../agent/host/aws.ts";
import { Secret } from "../../agent/secret.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { COPY, KEYS, TOKEN } from "../fakes/memory-session.ts";
import { sampleConfig } from "../fakes/samples.ts";

const NO_COPY = "aws: { keysSurviveReboot: false }";

function setUp({ config = "", host = new MemoryHost() } = {}) {
  const { log, messages } = createMemoryLog();
  const keys: SessionKeys = {
    ...{ accessKeyId: "ASIAEXAMPLE", secretAccessKey: new Secret("secret"), sessionToken: new Secret("token") },
    expiresAtMs: host.clock.now() + 3_600_000,
  };
  return { host, keys, messages, files: new SessionFiles({ host, config: sampleConfig(config), log }) };
}

test("keys, copy and token are readable by root only, and the keys are read back", async () => {
  const { host, keys, files } = setUp();
  await files.writeKeys(keys, "state");
  await files.writeCopy(keys, "state");
  await files.writeToken(new Secret("k8s-aws-v1.x"));
  assert.deepEqual(
    [KEYS, COPY, TOKEN].map((path) => host.files.peek(path)?.mode),
    [0o600, 0o600, 0o600],
  );
  const stored = await files.read();
  assert.deepEqual([stored?.keys.accessKeyId, stored?.source], ["ASIAEXAMPLE", "state"]);
});

test("after a reboot, which clears tmpfs, the copy is read", async () => {
  const { host, keys, files } = setUp();
  await files.writeCopy(keys, "state");
  assert.equal(host.files.peek(KEYS), undefined);
  assert.equal((await files.read())?.keys.secretAccessKey.reveal(), "secret");
});

test("without permission for a copy none is written, and an earlier one is removed", async () => {
  const { host, keys, files } = setUp();
  await files.writeCopy(keys, "state");
  const strict = setUp({ host, config: NO_COPY });
  assert.equal(await strict.files.read(), undefined);
  await strict.files.writeCopy(keys, "state");
  assert.equal(host.files.peek(COPY), undefined);
});

test("long-lived keys are written nowhere, and replace short-lived ones on tmpfs", async () => {
  const { host, keys, files } = setUp();
  await files.writeKeys(keys, "state");
  const longLived = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: new Secret("secret"), expiresAtMs: undefined };
  await files.writeKeys(longLived, "state");
  await files.writeCopy(longLived, "state");
  assert.deepEqual([host.files.peek(KEYS), host.files.peek(COPY)], [undefined, undefined]);
});

test("a copy that cannot be written is a warning", async () => {
  const { host, keys, files, messages } = setUp();
  host.files.refuseWrites("/var/lib/eks-satellite", "ENOSPC");
  await files.writeCopy(keys, "state");
  assert.deepEqual(messages("warn"), ["the keys are not on disk: a reboot while AWS is away would wait for AWS"]);
});
