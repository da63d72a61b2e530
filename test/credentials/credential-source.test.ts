// Keys files and profiles in every spelling that tools write, and what tells one state of a source from another.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readSourceKeys, readSourceState, sourceName } from "../../agent/credentials/credential-source.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { CERTIFICATE, HELPER, installRolesAnywhere, PRIVATE_KEY, ROLES_ANYWHERE } from "../fakes/roles-anywhere.ts";
import { sampleConfig } from "../fakes/samples.ts";

const KEYS = "/etc/eks-satellite/aws-keys";
const PROFILE = { file: "/root/.aws/credentials", name: "default" };
const { node } = sampleConfig();

function readKeysFile(content: string) {
  const host = new MemoryHost();
  host.files.put(KEYS, content, { mode: 0o600 });
  return readSourceKeys(host, { credentials: { keysFile: KEYS }, node });
}

function readProfile(content: string) {
  const host = new MemoryHost();
  host.files.put(PROFILE.file, content, { mode: 0o600 });
  return readSourceKeys(host, { credentials: { profile: PROFILE }, node });
}

const SPELLINGS: Readonly<Record<string, string>> = {
  "as systemd's EnvironmentFile":
    "; keys\n# of the lab\nAWS_ACCESS_KEY_ID=ASIA\nAWS_SECRET_ACCESS_KEY=a+b/c\nAWS_SESSION_TOKEN=t/o+k==\n",
  "as a shell sources it": `export AWS_ACCESS_KEY_ID="ASIA"\nexport AWS_SECRET_ACCESS_KEY='a+b/c'\nexport AWS_SESSION_TOKEN=t/o+k==\n`,
  "from Windows": "\uFEFFAWS_ACCESS_KEY_ID=ASIA\r\nAWS_SECRET_ACCESS_KEY=a+b/c\r\n\r\nAWS_SESSION_TOKEN=t/o+k==\r\n",
  "with blanks and other variables":
    "  AWS_REGION=x\n AWS_ACCESS_KEY_ID = ASIA \nAWS_SECRET_ACCESS_KEY=  a+b/c\t\nAWS_SESSION_TOKEN=t/o+k==",
};

for (const [how, content] of Object.entries(SPELLINGS)) {
  test(`a keys file ${how}`, async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = await readKeysFile(content);
    assert.deepEqual([accessKeyId, secretAccessKey.reveal(), sessionToken?.reveal()], ["ASIA", "a+b/c", "t/o+k=="]);
  });
}

test("the output of `aws configure export-credentials --format env` says when the keys expire", async () => {
  const lines = ["ACCESS_KEY_ID=ASIA", "SECRET_ACCESS_KEY=S", "SESSION_TOKEN=T"].map((line) => `export AWS_${line}`);
  const exported = [...lines, "export AWS_CREDENTIAL_EXPIRATION=2026-01-02T04:04:05+00:00"].join("\n");
  assert.equal((await readKeysFile(exported)).expiresAtMs, Date.UTC(2026, 0, 2, 4, 4, 5));
  await assert.rejects(readKeysFile([...lines, "export AWS_CREDENTIAL_EXPIRATION=soon"].join("\n")), {
    code: "credentials-invalid",
    message: /gives an expiry of its keys that is not a time/,
  });
});

test("a key with a line break in it is refused, and not shown", async () => {
  await assert.rejects(
    readKeysFile('AWS_ACCESS_KEY_ID=ASIA\nAWS_SECRET_ACCESS_KEY="half\nother"\n'),
    (error: Error) => {
      assert.match(error.message, /contain a blank or a line break/);
      assert.doesNotMatch(error.message, /half|other/);
      return true;
    },
  );
});

test("a half-written file is an error that says what is missing", async () => {
  await assert.rejects(readKeysFile("AWS_ACCESS_KEY_ID=ASIA\nAWS_SECRET_ACC"), {
    code: "credentials-missing",
    message: `${KEYS} lacks AWS_SECRET_ACCESS_KEY`,
  });
  await assert.rejects(readProfile("[default]\naws_access_key_id = ASIA\n"), { code: "credentials-missing" });
  await assert.rejects(readProfile("[defau"), { code: "credentials-missing", hint: /credentials\.profile\.name/ });
});

test("a profile of the SSM agent is read, also with Windows' line ends", async () => {
  const text =
    "[default]\naws_access_key_id     = ASIASSM\naws_secret_access_key = s/e+c\naws_session_token     = tok==\n";
  for (const content of [text, `\uFEFF${text.replaceAll("\n", "\r\n")}`]) {
    const { accessKeyId, sessionToken } = await readProfile(content);
    assert.deepEqual([accessKeyId, sessionToken?.reveal()], ["ASIASSM", "tok=="]);
  }
});

test("the state of a source changes with its files' content, time or mode, and with the source, and holds no secret", async () => {
  const host = new MemoryHost();
  const state = () => readSourceState(host, { keysFile: KEYS });
  const states = [await state()];
  host.files.put(KEYS, "secret", { mode: 0o644 });
  states.push(await state());
  assert.equal(await state(), states.at(-1), "the file is unchanged");
  host.files.put(KEYS, "secret", { mode: 0o600 });
  states.push(await state());
  host.clock.jump(1);
  host.files.put(KEYS, "secret", { mode: 0o600 });
  states.push(await state());
  host.files.put(KEYS, "longer secret", { mode: 0o600 });
  states.push(await state(), await readSourceState(host, { profile: { file: KEYS, name: "default" } }));
  host.files.refuseReads(KEYS);
  states.push(await state());
  assert.equal(new Set(states).size, states.length);
  for (const each of states) assert.match(each, /^[0-9a-f]{64}$/);
});

test("certificate and key are both part of the state of Roles Anywhere", async () => {
  const host = new MemoryHost();
  installRolesAnywhere(host);
  const state = () => readSourceState(host, { rolesAnywhere: ROLES_ANYWHERE });
  const states = [await state()];
  for (const file of [CERTIFICATE, PRIVATE_KEY]) {
    host.files.put(file, "other");
    states.push(await state());
  }
  assert.equal(new Set(states).size, 3);
});

test("a source is named by its key and its file or program, without arguments", () => {
  assert.equal(sourceName({ keysFile: KEYS }), `keysFile ${KEYS}`);
  assert.equal(sourceName({ profile: PROFILE }), "profile default of /root/.aws/credentials");
  assert.equal(sourceName({ process: ["/opt/print", "--password=x"] }), "process /opt/print");
  assert.equal(sourceName({ rolesAnywhere: { ...ROLES_ANYWHERE, helper: HELPER } }), `rolesAnywhere ${CERTIFICATE}`);
});

test("no command of a file or a program that belongs to another user is run", async () => {
  const host = new MemoryHost();
  let runs = 0;
  const run = () => {
    runs += 1;
    return { stdout: "{}" };
  };
  for (const program of ["/bin/sh", "/opt/print"]) host.install(program, run);
  const text = "[default]\ncredential_process = /opt/print --json\n";
  host.files.put(PROFILE.file, text, { mode: 0o600, uid: 1000 });
  await assert.rejects(readSourceKeys(host, { credentials: { profile: PROFILE }, node }), {
    code: "credentials-foreign",
  });
  host.files.put(PROFILE.file, text, { mode: 0o600 });
  host.files.put("/opt/print", "", { mode: 0o755, uid: 1000 });
  for (const credentials of [{ profile: PROFILE }, { process: ["/opt/print"] as string[] }])
    await assert.rejects(readSourceKeys(host, { credentials, node }), { code: "program-foreign" });
  assert.equal(runs, 0);
});
