import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCertificateDates, readClientCertificate, renewalOf } from "../../agent/credentials/client-certificate.ts";
import { clusterCa, localhost, machine } from "../fakes/certificates.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { CERTIFICATE, installRolesAnywhere, PRIVATE_KEY } from "../fakes/roles-anywhere.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const FILES = { certificate: CERTIFICATE, privateKey: PRIVATE_KEY };
const YEAR_END = Date.UTC(2027, 0, 1);

function setUp() {
  const host = new MemoryHost();
  installRolesAnywhere(host);
  return { host, read: () => readClientCertificate(host, FILES) };
}

test("a certificate is read with its subject and its dates", async () => {
  assert.deepEqual(await setUp().read(), {
    file: CERTIFICATE,
    subject: "O=GPU lab, CN=gpu-1",
    notBeforeMs: Date.UTC(2026, 0, 1),
    expiresAtMs: YEAR_END,
  });
});

test("a certificate before and after its time is refused, with the date", async () => {
  const certificate = await setUp().read();
  checkCertificateDates(certificate, YEAR_END - 1);
  assert.throws(() => checkCertificateDates(certificate, YEAR_END), {
    code: "certificate-expired",
    message: `${CERTIFICATE} expired at 2027-01-01T00:00:00.000Z`,
    hint: /daemon reads it again/,
  });
  assert.throws(() => checkCertificateDates(certificate, Date.UTC(2025, 11, 31)), {
    code: "certificate-not-yet-valid",
    message: /is valid only from 2026-01-01/,
    hint: /clock/,
  });
});

test("a year's certificate is due a month before its end, and overdue a week before", async () => {
  const certificate = await setUp().read();
  const at = (days: number) => renewalOf(certificate, YEAR_END - days * DAY_MS);
  assert.deepEqual([31, 30, 8, 7].map(at), ["none", "due", "due", "overdue"]);
});

test("a day's certificate is due when a third of its life is left, and overdue at a tenth", async () => {
  const { host, read } = setUp();
  host.files.put(CERTIFICATE, machine.day);
  const certificate = await read();
  const at = (hours: number) => renewalOf(certificate, certificate.expiresAtMs - hours * (DAY_MS / 24));
  assert.deepEqual([9, 8, 3, 2].map(at), ["none", "due", "due", "overdue"]);
});

const WRONG: Readonly<Record<string, readonly [spoil: (host: MemoryHost) => void, code: string, message: RegExp]>> = {
  "no certificate": [({ files }) => files.drop(CERTIFICATE), "certificate-missing", /no certificate .*node\.crt/],
  "a certificate that is none": [
    ({ files }) => files.put(CERTIFICATE, "-----BEGIN CERTIFICATE-----\nMIIB"),
    "certificate-invalid",
    /is not a PEM certificate/,
  ],
  "an authority's certificate": [
    ({ files }) => files.put(CERTIFICATE, clusterCa),
    "certificate-invalid",
    /certificate of an authority/,
  ],
  "no key": [({ files }) => files.drop(PRIVATE_KEY), "credentials-missing", /no file .*node\.key/],
  "a key that others can read": [
    ({ files }) => files.put(PRIVATE_KEY, machine.key, { mode: 0o640 }),
    "credentials-exposed",
    /mode 0640/,
  ],
  "another key": [
    ({ files }) => files.put(PRIVATE_KEY, localhost.key, { mode: 0o600 }),
    "certificate-key-mismatch",
    /node\.key is not the key of .*node\.crt/,
  ],
  "an encrypted key": [
    ({ files }) => files.put(PRIVATE_KEY, machine.encryptedKey, { mode: 0o600 }),
    "certificate-key-invalid",
    /is encrypted/,
  ],
  "half a key": [
    ({ files }) => files.put(PRIVATE_KEY, machine.key.slice(0, 80), { mode: 0o600 }),
    "certificate-key-invalid",
    /is not a PEM private key/,
  ],
};

for (const [what, [spoil, code, message]] of Object.entries(WRONG)) {
  test(`${what}: ${code}`, async () => {
    const { host, read } = setUp();
    spoil(host);
    await assert.rejects(read, { code, message, hint: /./ });
  });
}

test("a key in a TPM is not compared: only the TPM could", async () => {
  const { host, read } = setUp();
  host.files.put(PRIVATE_KEY, "-----BEGIN TSS2 PRIVATE KEY-----\nMA==\n-----END TSS2 PRIVATE KEY-----\n", {
    mode: 0o600,
  });
  assert.equal((await read()).expiresAtMs, YEAR_END);
});
