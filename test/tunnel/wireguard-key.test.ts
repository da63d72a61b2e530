import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../agent/secret.ts";
import { ensureWireguardKey, publicKeyOf } from "../../agent/tunnel/wireguard-key.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const PATH = "/var/lib/eks-satellite-gateway/wireguard.key";

test("the public key is the one that wg pubkey derives", () => {
  // RFC 7748, section 6.1.
  const known = new Secret("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=");
  assert.equal(publicKeyOf(known), "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=");
});

test("a key is made once, for root alone, and read again", async () => {
  const host = new MemoryHost();
  const made = await ensureWireguardKey(host, PATH);
  assert.equal((await host.files.status(PATH))?.mode, 0o600);
  const bytes = Buffer.from(made.privateKey.reveal(), "base64");
  assert.deepEqual([bytes.length, bytes.readUInt8(0) & 7, bytes.readUInt8(31) & 192], [32, 0, 64]);
  await host.files.setMode(PATH, 0o644);
  const read = await ensureWireguardKey(host, PATH);
  assert.deepEqual([read.publicKey, read.privateKey.reveal()], [made.publicKey, made.privateKey.reveal()]);
  assert.equal((await host.files.status(PATH))?.mode, 0o600);
  assert.notEqual((await ensureWireguardKey(host, `${PATH}.other`)).publicKey, made.publicKey);
});

test("a file that holds no key is named, and not replaced", async () => {
  for (const text of ["", "short", "x".repeat(44), "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\nmore"]) {
    const host = new MemoryHost();
    host.files.put(PATH, text);
    await assert.rejects(ensureWireguardKey(host, PATH), { code: "wireguard-key-invalid" }, text);
    assert.equal(await host.files.read(PATH), text);
  }
});
