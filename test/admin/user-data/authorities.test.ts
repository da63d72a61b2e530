import assert from "node:assert/strict";
import { test } from "node:test";
import { readAuthorities } from "../../../agent/admin/user-data/authorities.ts";
import { clusterCa as CA_PEM } from "../../fakes/certificates.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

function read(text: string | undefined) {
  const host = new MemoryHost();
  if (text !== undefined) host.files.put("/ca.pem", text);
  return readAuthorities(host, "/ca.pem");
}

test("the certificates of a file are taken, and nothing else of it", async () => {
  const key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  assert.equal(await read(`Bag Attributes\r\n${key}${CA_PEM}# two\n${CA_PEM}`), `${CA_PEM.trim()}\n${CA_PEM.trim()}\n`);
});

for (const [what, text, message] of [
  ["no file", undefined, /no such file/],
  ["a file without a certificate", "hello", /no certificate/],
  ["a certificate that is broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", /cannot be read/],
] as const) {
  test(`${what} is refused`, async () => {
    await assert.rejects(read(text), { code: "options-invalid", message });
  });
}
