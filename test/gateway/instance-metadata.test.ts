import assert from "node:assert/strict";
import { test } from "node:test";
import { InstanceMetadata } from "../../agent/gateway/instance-metadata.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { MemoryInstance } from "../fakes/memory-instance.ts";

const KEYS_PATH = "meta-data/iam/security-credentials/gateway-role";

function setUp() {
  const host = new MemoryHost();
  const instance = new MemoryInstance();
  host.onFetch = (request) => instance.answer(request) ?? { status: 500, body: "another server" };
  return { host, instance, metadata: new InstanceMetadata(host) };
}

test("a token is asked for once, and again when the service takes it no more", async () => {
  const { instance, metadata } = setUp();
  assert.equal(await metadata.read("meta-data/instance-id"), "i-0123456789abcdef0");
  assert.equal(await metadata.read("meta-data/local-ipv4"), "10.20.1.5");
  assert.equal(instance.tokens, 1);
  instance.validFrom = 2;
  assert.equal(await metadata.read("meta-data/instance-id"), "i-0123456789abcdef0");
  assert.equal(instance.tokens, 2);
  assert.equal(await metadata.read("meta-data/public-hostname"), undefined);
});

test("the role's keys are read with their end", async () => {
  const { instance, metadata } = setUp();
  instance.giveKeys("ASIAGATEWAY", "2026-01-02T09:00:00Z");
  const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs } = await metadata.readRoleKeys();
  assert.deepEqual(
    [accessKeyId, secretAccessKey.reveal(), sessionToken?.reveal(), expiresAtMs],
    ["ASIAGATEWAY", "secret", "token", Date.UTC(2026, 0, 2, 9)],
  );
});

test("an instance without a role, or with an answer that is none, has no keys", async () => {
  const { instance, metadata } = setUp();
  await assert.rejects(metadata.readRoleKeys(), { code: "instance-role-missing" });
  for (const text of ["<html>", "{}", '{"AccessKeyId":"A"}', "null"]) {
    instance.values.set(KEYS_PATH, text);
    await assert.rejects(metadata.readRoleKeys(), { code: "instance-role-missing" }, text);
  }
  instance.values.delete("meta-data/iam/security-credentials/");
  await assert.rejects(metadata.readRoleKeys(), { code: "instance-role-missing" });
});

test("a service that is silent, or switched off, is named with what to do", async () => {
  const { host, metadata } = setUp();
  host.onFetch = () => ({ status: 403, body: "" });
  await assert.rejects(metadata.read("meta-data/instance-id"), {
    code: "metadata-unreachable",
    message: "the metadata service at 169.254.169.254: it answered 403 to the request of a token",
  });
  host.onFetch = () => {
    throw new Error("connect ETIMEDOUT");
  };
  await assert.rejects(metadata.read("meta-data/instance-id"), { code: "metadata-unreachable", hint: /NO_PROXY/ });
});
