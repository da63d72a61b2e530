// The source of the keys changes under a daemon that runs: noticed at once, and never worse than before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { awsError, connectionRefused } from "../fakes/memory-aws.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { KEYS_FILE_PATH, MINUTE_MS, reasonOf, setUpSession, TOKEN } from "../fakes/memory-session.ts";
import { installRolesAnywhere, rolesAnywhereConfig } from "../fakes/roles-anywhere.ts";
import { KEYS_FILE, sampleConfig } from "../fakes/samples.ts";

const OTHER_KEYS = KEYS_FILE.replace("AKIAEXAMPLE", "AKIAROTATED");
const ROUND_MS = 10_000;

function put(host: MemoryHost, content: string, mode = 0o600): void {
  host.files.put(KEYS_FILE_PATH, content, { mode });
}

/** Temporary keys in a file, which are the node's own. */
function setUpTemporary() {
  const host = new MemoryHost();
  const temporary = (token: string) => put(host, `${KEYS_FILE}AWS_SESSION_TOKEN=${token}\n`);
  temporary("one");
  return { ...setUpSession(host, { ...sampleConfig(), credentials: { keysFile: KEYS_FILE_PATH } }), temporary };
}

test("other keys in the file are used in the next round, and the old ones no longer", async () => {
  const { host, aws, session, pass, messages } = setUpSession();
  await session.round();
  host.clock.jump(1000);
  put(host, OTHER_KEYS);
  await pass(ROUND_MS);
  assert.deepEqual(aws.calls, ["assumeRole", "assumeRole"]);
  assert.equal(aws.lastKeys?.accessKeyId, "AKIAROTATED");
  assert.equal(session.keys?.accessKeyId, "ASIASESSION2");
  assert.ok(messages("info").includes("the source of the AWS keys has changed; it is read again"));
  await pass(10 * MINUTE_MS);
  assert.equal(aws.calls.length, 2, "once");
});

const BROKEN: Readonly<Record<string, readonly [content: string, mode: number, reason: string]>> = {
  "half a file": ["AWS_ACCESS_KEY_ID=AKIAROTATED\nAWS_SEC", 0o600, "CredentialsMissing"],
  "an empty file": ["", 0o600, "CredentialsMissing"],
  "a file that others can read": [OTHER_KEYS, 0o644, "CredentialsExposed"],
};

for (const [what, [content, mode, reason]] of Object.entries(BROKEN)) {
  test(`a rotation to ${what} keeps the session, reports ${reason}, and succeeds as soon as the file is complete`, async () => {
    const { host, aws, board, session, pass, token } = setUpSession();
    await session.round();
    host.clock.jump(1000);
    put(host, content, mode);
    await pass(2 * MINUTE_MS);
    assert.equal(session.keys?.accessKeyId, "ASIASESSION1");
    assert.notEqual(token(), undefined);
    assert.deepEqual(reasonOf(board), ["True", "RenewalFailing"]);
    assert.equal((board.get("CredentialsRenewed").pending ?? board.get("CredentialsRenewed")).reason, reason);
    put(host, OTHER_KEYS);
    await pass(ROUND_MS);
    assert.equal(aws.lastKeys?.accessKeyId, "AKIAROTATED");
    assert.deepEqual(reasonOf(board), ["True", "Fresh"]);
  });
}

test("keys that AWS refuses do not replace the session", async () => {
  const { host, aws, board, session, pass } = setUpSession();
  await session.round();
  aws.fail(awsError("InvalidClientTokenId", 403), "assumeRole");
  put(host, OTHER_KEYS, 0o400);
  await pass(MINUTE_MS);
  assert.equal(session.keys?.accessKeyId, "ASIASESSION1");
  assert.equal(board.get("CredentialsRenewed").pending?.reason, "CredentialsInvalid");
  aws.recover();
  await pass(MINUTE_MS);
  assert.deepEqual(reasonOf(board), ["True", "Fresh"]);
});

test("temporary keys of the source are tried before they replace valid ones", async () => {
  const { aws, board, session, pass, temporary } = setUpTemporary();
  await session.round();
  assert.deepEqual(aws.calls, [], "there is nothing to lose at first");
  aws.fail(awsError("InvalidClientTokenId", 403), "getCallerIdentity");
  temporary("two-cut-sho");
  await pass(ROUND_MS);
  assert.equal(session.keys?.sessionToken?.reveal(), "one");
  assert.equal(board.get("CredentialsRenewed").pending?.reason, "CredentialsInvalid");
  aws.recover();
  temporary("two-as-a-whole");
  await pass(ROUND_MS);
  assert.equal(session.keys?.sessionToken?.reveal(), "two-as-a-whole");
});

test("while STS is away newer temporary keys are used untried: the old ones may end at any moment", async () => {
  const { aws, session, pass, temporary } = setUpTemporary();
  await session.round();
  aws.fail(connectionRefused());
  temporary("newer");
  await pass(ROUND_MS);
  assert.equal(session.keys?.sessionToken?.reveal(), "newer");
});

test("a source that changed while the daemon was down is read at the start, and the old session is used until it answers", async () => {
  const before = setUpSession();
  await before.session.round();
  before.host.clock.jump(MINUTE_MS);
  put(before.host, "broken");
  const after = setUpSession(before.host);
  await after.session.restore();
  await after.session.round();
  assert.equal(after.session.keys?.accessKeyId, "ASIASESSION1");
  assert.equal(after.board.get("CredentialsRenewed").pending?.reason, "CredentialsMissing");
  put(after.host, OTHER_KEYS);
  await after.pass(ROUND_MS);
  assert.equal(after.aws.lastKeys?.accessKeyId, "AKIAROTATED");
});

test("another source in the configuration is read at once; the session of the same role and name is used until it answers", async () => {
  const before = setUpSession();
  await before.session.round();
  const after = setUpSession(before.host, rolesAnywhereConfig());
  await after.session.restore();
  await after.session.round();
  assert.equal(after.session.keys?.accessKeyId, "ASIASESSION1", "without certificate and helper");
  assert.equal(after.board.get("CertificateValid").reason, "CertificateMissing");
  installRolesAnywhere(before.host);
  await after.pass(ROUND_MS);
  assert.equal(after.session.keys?.accessKeyId, "ASIAROLESANYWHERE");
  assert.equal(after.board.get("CertificateValid").reason, "Valid");
  assert.notEqual(after.host.files.peek(TOKEN), undefined);
});
