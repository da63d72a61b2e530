import assert from "node:assert/strict";
import { test } from "node:test";
import { CertificateWatch } from "../../agent/credentials/certificate-watch.ts";
import { createBoard } from "../fakes/board.ts";
import { localhost, machine } from "../fakes/certificates.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { CERTIFICATE, installRolesAnywhere, PRIVATE_KEY, rolesAnywhereConfig } from "../fakes/roles-anywhere.ts";
import { sampleConfig } from "../fakes/samples.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const YEAR_END = Date.UTC(2027, 0, 1);

function setUp(config = rolesAnywhereConfig()) {
  const host = new MemoryHost();
  installRolesAnywhere(host);
  const { log, messages } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const watch = new CertificateWatch({ host, config, log, board });
  const lookAt = async (momentMs: number) => {
    host.clock.jump(momentMs - host.clock.now());
    await watch.round();
    const { status, reason } = board.get("CertificateValid");
    return [status, reason];
  };
  return { host, board, watch, messages, lookAt };
}

test("another source has no certificate, and the condition is true", async () => {
  const { board, watch } = setUp(sampleConfig());
  await watch.round();
  assert.equal(board.get("CertificateValid").reason, "NotUsed");
  assert.equal(watch.expiresAtMs, undefined);
});

test("the certificate's expiry is warned of a month and a week before, and is then a failure with its date", async () => {
  const { board, watch, messages, lookAt } = setUp();
  assert.deepEqual(await lookAt(YEAR_END - 60 * DAY_MS), ["True", "Valid"]);
  assert.equal(board.get("CertificateValid").message, "O=GPU lab, CN=gpu-1 until 2027-01-01T00:00:00.000Z");
  assert.equal(watch.expiresAtMs, YEAR_END);
  assert.deepEqual(messages("warn"), []);
  assert.deepEqual(await lookAt(YEAR_END - 20 * DAY_MS), ["True", "RenewalDue"]);
  assert.deepEqual(await lookAt(YEAR_END - 19 * DAY_MS), ["True", "RenewalDue"]);
  assert.deepEqual(await lookAt(YEAR_END - 6 * DAY_MS), ["True", "RenewalOverdue"]);
  assert.equal(messages("warn").length, 2, "one for each stage, not for each look");
  assert.match(messages("warn")[1] ?? "", /overdue: .*2027-01-01.*put a new certificate at .*node\.crt/);
  await lookAt(YEAR_END);
  assert.equal(board.get("CertificateValid").pending?.reason, "CertificateExpired");
});

test("a new certificate is read in the next round", async () => {
  const { host, watch, lookAt } = setUp();
  host.files.put(CERTIFICATE, machine.day);
  await lookAt(Date.UTC(2026, 0, 2, 12));
  assert.equal(watch.expiresAtMs, Date.UTC(2026, 0, 3));
  assert.deepEqual(
    await lookAt(Date.UTC(2026, 0, 4)).then(([, reason]) => reason),
    "Valid",
    "for as long as a failure is held",
  );
  host.files.put(CERTIFICATE, machine.year);
  assert.deepEqual(await lookAt(Date.UTC(2026, 0, 4, 1)), ["True", "Valid"]);
  assert.equal(watch.expiresAtMs, YEAR_END);
});

test("a key of another certificate is a failure that names both, and ends when they fit", async () => {
  const { host, board, lookAt } = setUp();
  host.files.put(PRIVATE_KEY, localhost.key, { mode: 0o600 });
  assert.deepEqual(await lookAt(Date.UTC(2026, 5, 1)), ["False", "CertificateKeyMismatch"]);
  assert.match(board.get("CertificateValid").message, /node\.key is not the key of .*node\.crt/);
  host.files.put(PRIVATE_KEY, machine.key, { mode: 0o600, modifiedMs: 1 });
  assert.deepEqual(await lookAt(Date.UTC(2026, 5, 1, 1)), ["True", "Valid"]);
});
