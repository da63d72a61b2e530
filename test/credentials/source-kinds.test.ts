// Keys of a profile in AWS's shared files, and of a process.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readSourceKeys } from "../../agent/credentials/credential-source.ts";
import { readSessionKeys } from "../../agent/credentials/credentials.ts";
import { awsError } from "../fakes/memory-aws.ts";
import { sampleConfig } from "../fakes/samples.ts";
import { setUpKeys as setUp } from "../fakes/session-keys.ts";

const withProcess = (...process: string[]) => setUp({ process });

const PROFILES = `[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = default/secret+=

[lab]
credential_process = /opt/print --profile "lab one"

[first.last@example.com]
aws_access_key_id = AKIADOTTED
aws_secret_access_key = dotted
`;

function withProfile(name: string) {
  const made = setUp({ profile: { file: "/root/.aws/credentials", name } });
  made.host.files.put("/root/.aws/credentials", PROFILES, { mode: 0o600 });
  return made;
}

test("a profile's keys are read from AWS's shared credentials file", async () => {
  const { host, config } = withProfile("default");
  const keys = await readSourceKeys(host, config);
  assert.deepEqual([keys.accessKeyId, keys.secretAccessKey.reveal()], ["AKIADEFAULT", "default/secret+="]);
});

test("a profile may have dots in its name", async () => {
  const { host, config } = withProfile("first.last@example.com");
  assert.equal((await readSourceKeys(host, config)).accessKeyId, "AKIADOTTED");
});

test("a missing profile is an error that names the present ones", async () => {
  const { read } = withProfile("prod");
  await assert.rejects(read, { code: "credentials-missing", hint: /default, lab, first\.last@example\.com/ });
});

test("a shared credentials file that others can read is refused", async () => {
  const { host, read } = withProfile("default");
  host.files.put("/root/.aws/credentials", PROFILES, { mode: 0o644 });
  await assert.rejects(read, { code: "credentials-exposed" });
});

test("a profile's credential_process is run by a shell, as the AWS SDKs do", async () => {
  const { host, config } = withProfile("lab");
  host.install("/bin/sh", () => ({ stdout: JSON.stringify({ Version: 1, AccessKeyId: "A", SecretAccessKey: "S" }) }));
  assert.equal((await readSourceKeys(host, config)).accessKeyId, "A");
  assert.deepEqual(host.commands, ['/bin/sh -c /opt/print --profile "lab one"']);
});

test("a process prints keys and their expiry", async () => {
  const { host, config } = withProcess("/opt/print", "--json");
  const output = {
    Version: 1,
    AccessKeyId: "ASIA",
    SecretAccessKey: "S",
    SessionToken: "T",
    Expiration: "2026-01-02T04:04:05+00:00",
  };
  host.install("/opt/print", () => ({ stdout: JSON.stringify(output) }));
  const keys = await readSourceKeys(host, config);
  assert.equal(keys.expiresAtMs, Date.UTC(2026, 0, 2, 4, 4, 5));
  assert.equal(keys.sessionToken?.reveal(), "T");
  assert.deepEqual(host.commands, ["/opt/print --json"]);
});

test("keys of a process that have expired already are refused before AWS is asked", async () => {
  const { host, aws, read } = withProcess("/opt/print");
  const output = {
    Version: 1,
    AccessKeyId: "ASIA",
    SecretAccessKey: "S",
    SessionToken: "T",
    Expiration: "2026-01-02T03:04:05Z",
  };
  host.install("/opt/print", () => ({ stdout: JSON.stringify(output) }));
  await assert.rejects(read, { code: "credentials-expired", message: /2026-01-02T03:04:05\.000Z/ });
  assert.deepEqual(aws.calls, []);
});

test("a failing process is reported with the name of its error, a missing one with its name", async () => {
  const { host, read } = withProcess("/opt/print");
  await assert.rejects(read, { code: "command-missing", message: /\/opt\/print/ });
  host.install("/opt/print", () => ({ exitCode: 3, stderr: "starting\nconnect ETIMEDOUT 192.0.2.1\n" }));
  await assert.rejects(read, { code: "credentials-missing", message: "/opt/print exited with 3: ETIMEDOUT" });
});

test("the output of a process is never shown, since it may hold a secret", async () => {
  const { host, read } = withProcess("/opt/print");
  for (const stdout of [
    "top-secret",
    '{"Version": 2, "SecretAccessKey": "top-secret"}',
    '{"Version": 1, "AccessKeyId": "", "SecretAccessKey": "top-secret", "Expiration": "top-secret"}',
  ]) {
    host.install("/opt/print", () => ({ stdout }));
    await assert.rejects(read, (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, "credentials-invalid");
      assert.doesNotMatch(`${error.message} ${error.hint}`, /top-secret/);
      return true;
    });
  }
});

test("keys that are over name the program that keeps their file fresh, and when it last did", async () => {
  const { host, aws } = setUp();
  for (const [credentials, hint] of [
    [
      { profile: { file: "/root/.aws/credentials", name: "default" } },
      /was last written at 2026-.*systemctl status amazon-ssm-agent/,
    ],
    [{ profile: { file: "/eks-hybrid/.aws/credentials", name: "default" } }, /aws_signing_helper_update/],
    [{ profile: { file: "/srv/keys", name: "default" } }, /Look at the job that writes it/],
  ] as const) {
    host.files.put(
      credentials.profile.file,
      "[default]\naws_access_key_id = A\naws_secret_access_key = S\naws_session_token = T\n",
      {
        mode: 0o600,
      },
    );
    aws.fail(awsError("ExpiredToken", 403));
    const config = sampleConfig();
    const { assumeRole } = config.credentials;
    assert.ok(assumeRole !== undefined);
    await assert.rejects(readSessionKeys(host, aws, { ...config, credentials: { ...credentials, assumeRole } }), {
      code: "credentials-expired",
      hint,
    });
  }
});
