import assert from "node:assert/strict";
import { test } from "node:test";
import { readSourceKeys } from "../../agent/credentials/credential-source.ts";
import { isLongLived } from "../../agent/credentials/credentials.ts";
import { awsError, connectionRefused } from "../fakes/memory-aws.ts";
import { KEYS_FILE } from "../fakes/samples.ts";
import { KEYS_PATH, setUpKeys as setUp } from "../fakes/session-keys.ts";

const ROLE = "arn:aws:iam::111122223333:role/satellite";

test("the role is assumed under the node's name, with the duration and external id of the configuration", async () => {
  const { aws, read } = setUp({
    keysFile: KEYS_PATH,
    assumeRole: { arn: ROLE, durationSeconds: 900, externalId: "lab" },
  });
  const keys = await read();
  assert.deepEqual(aws.roleRequests, [{ arn: ROLE, sessionName: "gpu-1", durationSeconds: 900, externalId: "lab" }]);
  assert.equal(aws.lastKeys?.accessKeyId, "AKIAEXAMPLE");
  assert.equal(aws.lastKeys?.secretAccessKey.reveal(), "long-lived-secret");
  assert.match(keys.accessKeyId, /^ASIA/);
});

test("without a role an IAM user's keys are exchanged for session keys, so that the long-lived ones stay in their file", async () => {
  const { aws, read } = setUp({ keysFile: KEYS_PATH });
  const keys = await read();
  assert.deepEqual(aws.calls, ["getSessionToken"]);
  assert.notEqual(keys.secretAccessKey.reveal(), "long-lived-secret");
});

test("without a role, keys that are temporary already are used as they are", async () => {
  const { host, aws, read } = setUp({ keysFile: KEYS_PATH });
  host.files.put(KEYS_PATH, `${KEYS_FILE}AWS_SESSION_TOKEN=tok\n`, { mode: 0o600 });
  const keys = await read();
  assert.deepEqual(aws.calls, []);
  assert.equal(keys.sessionToken?.reveal(), "tok");
  assert.equal(keys.expiresAtMs, undefined);
});

test("a missing keys file is an error that names it and says how to write it", async () => {
  const { host, read } = setUp();
  host.files.drop(KEYS_PATH);
  await assert.rejects(read, { code: "credentials-missing", message: `there is no file ${KEYS_PATH}`, hint: /0600/ });
});

test("a keys file that others can read is refused, whatever it holds", async () => {
  const { host, read } = setUp();
  for (const mode of [0o644, 0o640, 0o604]) {
    host.files.put(KEYS_PATH, KEYS_FILE, { mode });
    await assert.rejects(read, {
      code: "credentials-exposed",
      message: new RegExp(`0${mode.toString(8)}`),
      hint: /chmod 600/,
    });
  }
});

test("a keys file without one of the keys says which", async () => {
  const { host, read } = setUp();
  host.files.put(KEYS_PATH, "AWS_ACCESS_KEY_ID=AKIA\n", { mode: 0o600 });
  await assert.rejects(read, { code: "credentials-missing", message: `${KEYS_PATH} lacks AWS_SECRET_ACCESS_KEY` });
  host.files.put(KEYS_PATH, "", { mode: 0o600 });
  await assert.rejects(read, { code: "credentials-missing", message: `${KEYS_PATH} lacks AWS_ACCESS_KEY_ID` });
});

test("a keys file may be one that a shell sources", async () => {
  const { host, config } = setUp();
  host.files.put(KEYS_PATH, `# keys\nexport AWS_ACCESS_KEY_ID="AKIA"\nexport AWS_SECRET_ACCESS_KEY='a+b/c='\n`, {
    mode: 0o600,
  });
  const keys = await readSourceKeys(host, config);
  assert.deepEqual([keys.accessKeyId, keys.secretAccessKey.reveal()], ["AKIA", "a+b/c="]);
});

test("a denied AssumeRole says what both policies must allow, and to which session name", async () => {
  const { aws, read } = setUp();
  aws.fail(awsError("AccessDenied", 403));
  await assert.rejects(read, {
    code: "role-forbidden",
    message: "sts:AssumeRole was denied",
    hint: /trust policy of arn:aws:iam::111122223333:role\/satellite .*sts:RoleSessionName gpu-1/,
  });
});

const AWS_ANSWERS: Readonly<Record<string, readonly [error: Error, code: string, hint: RegExp]>> = {
  "expired keys": [awsError("ExpiredToken"), "credentials-expired", /Renew the keys/],
  "an unknown access key": [awsError("InvalidClientTokenId", 403), "credentials-invalid", /is active/],
  "a wrong secret": [awsError("SignatureDoesNotMatch", 403), "credentials-invalid", /copied completely/],
  "a clock that STS finds old": [
    Object.assign(awsError("SignatureDoesNotMatch", 403), { message: "Signature expired: 1 is now earlier than 2" }),
    "clock-skewed",
    /timedatectl/,
  ],
  "a clock that is off": [awsError("RequestTimeTooSkewed", 403), "clock-skewed", /timedatectl/],
  throttling: [awsError("Throttling", 400), "aws-failed", /repeats the call/],
  "an AWS that fails": [awsError("InternalFailure", 500), "aws-failed", /Running pods keep running/],
  "an AWS that is away": [connectionRefused(), "aws-unreachable", /DNS, firewall/],
};

for (const [what, [error, code, hint]] of Object.entries(AWS_ANSWERS)) {
  test(`${what}: AssumeRole fails with ${code} and what to do`, async () => {
    const { aws, read } = setUp();
    aws.fail(error);
    await assert.rejects(read, { code, hint });
  });
}

test("where GetSessionToken is denied the user's own keys are used", async () => {
  const { aws, read } = setUp({ keysFile: KEYS_PATH });
  aws.fail(awsError("AccessDenied", 403));
  const keys = await read();
  assert.deepEqual([keys.accessKeyId, keys.expiresAtMs, isLongLived(keys)], ["AKIAEXAMPLE", undefined, true]);
  aws.fail(awsError("InvalidClientTokenId", 403));
  await assert.rejects(read, { code: "credentials-invalid" });
});
