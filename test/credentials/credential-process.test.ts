// Programs that print keys, run for real.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runCredentialProcess } from "../../agent/credentials/credential-process.ts";
import { readSessionKeys } from "../../agent/credentials/credentials.ts";
import type { Host } from "../../agent/host/host.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { MemoryAws } from "../fakes/memory-aws.ts";
import { sampleConfig } from "../fakes/samples.ts";

const PROGRAM = fileURLToPath(new URL("../fixtures/credential-process.ts", import.meta.url));
const real = createLinuxHost();

function read(behaviour: string, host: Host = real) {
  const program = {
    command: process.execPath,
    args: [PROGRAM, behaviour],
    name: "the program",
    key: "credentials.process",
  };
  return runCredentialProcess(host, program);
}

test("a program's keys are read with their expiry", async () => {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs } = await read("keys");
  assert.deepEqual(
    [accessKeyId, secretAccessKey.reveal(), sessionToken?.reveal()],
    ["ASIAREAL", "real/secret", "real-token"],
  );
  assert.ok((expiresAtMs ?? 0) > Date.now());
});

test("an empty token and no expiry mean long-lived keys", async () => {
  const { sessionToken, expiresAtMs } = await read("long-lived");
  assert.deepEqual([sessionToken, expiresAtMs], [undefined, undefined]);
});

test("expired keys are refused with the time", async () => {
  const config = { ...sampleConfig(), credentials: { process: [process.execPath, PROGRAM, "expired"] } };
  await assert.rejects(readSessionKeys(real, new MemoryAws(Date.now), config), {
    code: "credentials-expired",
    message: /2020-01-01T00:00:00\.000Z/,
  });
});

const WRONG: Readonly<Record<string, readonly [behaviour: string, code: string, message: RegExp, hint: RegExp]>> = {
  "another version": ["version-2", "credentials-invalid", /expected 1[\s\S]*Version/, /"Version": 1/],
  "a page of a portal": ["garbage", "credentials-invalid", /did not print credentials/, /as JSON/],
  "half of it": ["half", "credentials-invalid", /did not print credentials/, /as JSON/],
  "nothing, and a failure": ["silent", "credentials-missing", /exited with 4 and printed no error/, /by hand, as root/],
};

for (const [what, [behaviour, code, message, hint]] of Object.entries(WRONG)) {
  test(`a program that prints ${what}: ${code}`, async () => {
    await assert.rejects(read(behaviour), { code, message, hint });
  });
}

test("of a failing program's words only the error's name is in the error: any pod can read it in /status", async () => {
  await assert.rejects(read("leak"), { message: "the program exited with 1" });
  await assert.rejects(read("leak-in-words"), { message: "the program exited with 2: ExpiredTokenException" });
});

test("a program that hangs is killed with its children, and its arguments are not in the error", async () => {
  const impatient: Host = {
    ...real,
    run: (command, args, options) => real.run(command, args, { ...options, timeoutSeconds: 1 }),
  };
  const startedAt = performance.now();
  await assert.rejects(read("hang", impatient), {
    code: "command-timeout",
    message: "the program did not end in 60 s and was killed",
  });
  assert.ok(performance.now() - startedAt < 10_000, "the grandchild's hold on the output does not keep us");
});
