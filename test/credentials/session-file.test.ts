import assert from "node:assert/strict";
import { test } from "node:test";
import { readSessionFile, renderSessionFile } from "../../agent/credentials/session-file.ts";
import type { SessionKeys } from "../../agent/host/aws.ts";
import { Secret } from "../../agent/secret.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const FILE = "/run/eks-satellite/aws-credentials";
const IDENTITY = "arn:aws:iam::111122223333:role/satellite as gpu-1";

function setUp(changes: Partial<SessionKeys> = {}) {
  const host = new MemoryHost();
  const keys: SessionKeys = {
    accessKeyId: "ASIA1",
    secretAccessKey: new Secret("a/b+c="),
    sessionToken: new Secret("IQoJb3JpZ2lu//8=="),
    expiresAtMs: host.clock.now() + 60_000,
    ...changes,
  };
  host.files.put(FILE, renderSessionFile(keys, { identity: IDENTITY, source: "5ta7e" }), { mode: 0o600 });
  return { host, keys };
}

test("keys are read back while they are valid", async () => {
  const { host, keys } = setUp();
  const { keys: read, source } = (await readSessionFile(host, FILE, IDENTITY)) ?? {};
  assert.equal(read?.accessKeyId, keys.accessKeyId);
  assert.equal(read?.secretAccessKey.reveal(), "a/b+c=");
  assert.equal(read?.sessionToken?.reveal(), "IQoJb3JpZ2lu//8==");
  assert.equal(read?.expiresAtMs, keys.expiresAtMs);
  assert.equal(source, "5ta7e");
});

test("the file is one that AWS's own tools read", () => {
  const { host } = setUp();
  assert.match(
    host.files.peek(FILE)?.content ?? "",
    /^\[default\]\naws_access_key_id = ASIA1\naws_secret_access_key = a\/b\+c=\naws_session_token = IQoJb3JpZ2lu\/\/8==\n/,
  );
});

test("keys that have expired, or have no expiry, are not adopted", async () => {
  const expired = setUp({ expiresAtMs: Date.UTC(2026, 0, 2, 3, 4, 5) });
  assert.equal(await readSessionFile(expired.host, FILE, IDENTITY), undefined);
  const undated = setUp({ expiresAtMs: undefined });
  assert.equal(await readSessionFile(undated.host, FILE, IDENTITY), undefined);
});

test("keys of another role or node are not adopted", async () => {
  assert.equal(await readSessionFile(setUp().host, FILE, `${IDENTITY}0`), undefined);
});

test("a damaged file counts as missing", async () => {
  const { host } = setUp();
  host.files.put(FILE, "\0\0[default");
  assert.equal(await readSessionFile(host, FILE, IDENTITY), undefined);
  host.files.drop(FILE);
  assert.equal(await readSessionFile(host, FILE, IDENTITY), undefined);
});
